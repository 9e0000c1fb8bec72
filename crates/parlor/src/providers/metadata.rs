//! What a site says of itself (OpenID Connect Discovery 1.0).

use serde::Deserialize;

use super::SiteError;
use crate::config::is_site;

/// Where a site is asked what. What else it says is no matter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    /// Where people are sent.
    pub(super) authorization_endpoint: String,
    /// Where a code is redeemed.
    pub(super) token_endpoint: String,
    /// Where its keys are.
    pub(super) jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether it always says who it is when it sends somebody back (RFC 9207).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Where a site says it.
    pub(super) fn address(issuer: &str) -> String {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    }

    /// What this site says, if it is this site that says it.
    pub(super) fn read(issuer: &str, octets: &[u8]) -> Result<Self, SiteError> {
        let wrong =
            |what: &str| SiteError::Invalid(format!("what it says of itself is not in order: {what}"));
        let read: Metadata = serde_json::from_slice(octets).map_err(|error| wrong(&error.to_string()))?;
        if read.issuer != issuer {
            return Err(wrong(&format!("it calls itself {:?}, and not {issuer:?}", read.issuer)));
        }
        for address in [&read.authorization_endpoint, &read.token_endpoint, &read.jwks_uri] {
            if !is_site(address) {
                return Err(wrong(&format!("{address:?} does not begin with https://")));
            }
        }
        Ok(read)
    }

    /// Whether the server shows its secret in the body, and not in a header as is the rule.
    pub(super) fn wants_secret_in_body(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        let takes = |name: &str| methods.iter().any(|method| method == name);
        !takes("client_secret_basic") && takes("client_secret_post")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_site_says_of_itself_who_it_is_and_is_asked_by_https_only() {
        let site = "https://one.example";
        let with = |name: &str, value: serde_json::Value| {
            let mut said = json!({
                "issuer": site, "authorization_endpoint": "https://one.example/a",
                "token_endpoint": "https://one.example/t", "jwks_uri": "https://keys.example/k",
            });
            said[name] = value;
            Metadata::read(site, said.to_string().as_bytes())
        };
        let methods = "token_endpoint_auth_methods_supported";
        assert!(!with("more", json!([1])).unwrap().wants_secret_in_body());
        assert!(with(methods, json!(["client_secret_post"])).unwrap().wants_secret_in_body());
        let both = with(methods, json!(["client_secret_post", "client_secret_basic"]));
        assert!(!both.unwrap().wants_secret_in_body());
        for (name, value) in [
            ("issuer", json!("https://one.example/")),
            ("issuer", json!("https://two.example")),
            ("issuer", json!(null)),
            ("authorization_endpoint", json!("http://one.example/a")),
            ("authorization_endpoint", json!("javascript:alert(1)")),
            ("token_endpoint", json!("//one.example/t")),
            ("jwks_uri", json!("file:///etc/passwd")),
        ] {
            assert!(matches!(with(name, value.clone()), Err(SiteError::Invalid(_))), "{name} {value}");
        }
        assert!(Metadata::read(site, b"<html>").is_err());
    }

    #[test]
    fn a_site_is_asked_under_its_own_name() {
        for issuer in ["https://a.example/x", "https://a.example/x/"] {
            assert_eq!(Metadata::address(issuer), "https://a.example/x/.well-known/openid-configuration");
        }
    }
}
