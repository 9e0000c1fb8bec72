//! What every answer says about what a browser may do with it.

use std::sync::{Arc, LazyLock};

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::{CameFrom, Rules};
use crate::assets::Assets;

/// What a page from here may do: run and load what comes from here, connect to here, and nothing else. A text becomes
/// script by the policy `parlor` alone, which a page need not have.
static CONTENT_SECURITY_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let (script, style) = (Assets::allowed_inline("script"), Assets::allowed_inline("style"));
    let policy = format!(
        "default-src 'none'; script-src 'self' {script}; style-src 'self' {style}; img-src 'self'; connect-src 'self'; \
         manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types parlor"
    );
    HeaderValue::try_from(policy).expect("it is visible ASCII")
});

/// What of a visitor's machine a page from here may use: keys to sign in, and the clipboard to copy to.
const PERMISSIONS_POLICY: &str = "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), \
     serial=(), hid=(), midi=(), accelerometer=(), gyroscope=(), magnetometer=(), \
     publickey-credentials-get=(self), publickey-credentials-create=(self), clipboard-write=(self)";

const ALWAYS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
];

pub(super) async fn add(State(rules): State<Arc<Rules>>, request: Request, next: Next) -> Response {
    let is_secure = request.extensions().get::<CameFrom>().is_some_and(|from| from.is_secure);
    let mut response = next.run(request).await;
    // What a route says of itself is stricter.
    let policy = response.headers_mut().entry(header::CONTENT_SECURITY_POLICY);
    policy.or_insert_with(|| CONTENT_SECURITY_POLICY.clone());
    for (name, value) in ALWAYS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    // By http it would be worth nothing: anybody on the way could have written it.
    if is_secure && rules.hsts > 0 {
        let stay = HeaderValue::try_from(format!("max-age={}", rules.hsts)).expect("it is visible ASCII");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, stay);
    }
    response
}
