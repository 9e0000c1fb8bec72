//! How sets of requests are written down: once, for reading them, for documents and for tests.

macro_rules! requests {
    ($($set:ident $doc:literal { $(
        $(#[doc = $about:literal])+
        $kind:literal $name:ident { $($(#[doc = $said:literal])+ $field:ident: $shape:ty),* $(,)? }
    )* })*) => {
        $($(
            $(#[doc = $about])+
            #[derive(Debug, Clone, PartialEq, Deserialize)]
            pub(crate) struct $name { $($(#[doc = $said])+ pub(crate) $field: $shape),* }
        )*)*

        $(
            #[doc = $doc]
            #[derive(Debug, Clone, PartialEq)]
            pub(crate) enum $set { $($name($name)),* }

            impl $set {
                pub(super) fn parse(kind: &str, text: &str) -> Option<serde_json::Result<Self>> {
                    match kind {
                        $($kind => Some(serde_json::from_str::<$name>(text).map($set::$name)),)*
                        _ => None,
                    }
                }

                /// Every request of this sort, for documents and tests.
                #[cfg(test)]
                pub(super) const KINDS: &[Kind] = &[$(Kind {
                    name: $kind,
                    about: concat!($($about),+),
                    fields: &[$(Field {
                        name: stringify!($field),
                        about: concat!($($said),+),
                        shape: <$shape as Shaped>::SHAPE,
                        required: <$shape as Shaped>::REQUIRED,
                    }),*],
                }),*];
            }
        )*
    };
}

pub(super) use requests;
