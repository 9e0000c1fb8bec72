//! What holds for requests whatever their route is.

pub(crate) mod same_origin;
