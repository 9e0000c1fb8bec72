//! A site: where it sends people, and whom it says that it has sent back (OpenID Connect Core 1.0 §3.1).

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::{Serializer, byte_serialize};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use parlor_chat::Timestamp;
use serde::Deserialize;
use websocket_hub::rustls::ClientConfig;

use super::SiteError;
use super::ask::{Answer, ask};
use super::kept::Kept;
use super::metadata::Metadata;
use crate::account::openid::{Back, Begun, Claims, Expected, Keys, Token, Unfit};

/// What the server asks to be told of somebody: who they are, and what they are called.
const SCOPE: &str = "openid profile";

/// A site by which people may sign in.
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) issuer: String,
    client_id: String,
    secret: String,
    tls: Option<Arc<ClientConfig>>,
    metadata: Kept<Metadata>,
    keys: Kept<Keys>,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("name", &self.name).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What is answered for a code.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// Why there is nothing for a code (RFC 6749 §5.2).
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Site {
    pub(super) fn new(
        name: String,
        issuer: String,
        client_id: String,
        secret: String,
        tls: Option<Arc<ClientConfig>>,
    ) -> Self {
        Site { name, issuer, client_id, secret, tls, metadata: Kept::default(), keys: Kept::default() }
    }

    /// The address at the site to which somebody is sent.
    pub(crate) async fn address(&self, redirect: &str, begun: &Begun) -> Result<String, SiteError> {
        let metadata = self.metadata().await?;
        let mut query = Serializer::new(String::new());
        for (name, value) in [
            ("response_type", "code"),
            ("scope", SCOPE),
            ("client_id", &self.client_id),
            ("redirect_uri", redirect),
            ("state", &begun.state),
            ("nonce", &begun.nonce),
            ("code_challenge", &begun.challenge),
            ("code_challenge_method", "S256"),
        ] {
            query.append_pair(name, value);
        }
        let endpoint = &metadata.authorization_endpoint;
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{joint}{}", query.finish()))
    }

    /// Whom the site means by a code. `sender` is who is said to have sent the browser back, if that is said.
    pub(crate) async fn redeem(
        &self,
        code: &str,
        sender: Option<&str>,
        redirect: &str,
        back: &Back,
    ) -> Result<Claims, SiteError> {
        let metadata = self.metadata().await?;
        let must_be_said = metadata.authorization_response_iss_parameter_supported;
        // Or else a site could be handed codes of another (RFC 9207).
        if sender.map_or(must_be_said, |sender| sender != self.issuer) {
            return Err(SiteError::Invalid("somebody else has sent the browser back".to_owned()));
        }
        let answer = self.ask(self.exchange(&metadata, code, redirect, &back.verifier)?).await?;
        if answer.status != StatusCode::OK {
            let refusal = serde_json::from_slice::<Refusal>(&answer.body).map(|refusal| refusal.error);
            return Err(match refusal.as_deref() {
                Ok("invalid_grant") => SiteError::Refused,
                _ => unexpected(&answer, "for a code"),
            });
        }
        let tokens: Tokens = serde_json::from_slice(&answer.body)
            .map_err(|error| SiteError::Invalid(format!("there is no ID token: {error}")))?;
        let unfit = |unfit: Unfit| SiteError::Invalid(format!("the ID token: {unfit:?}"));
        let token = Token::parse(&tokens.id_token).map_err(unfit)?;
        let keys = self.keys.get(self.fetch_keys(&metadata)).await?;
        let payload = match token.verify(&keys) {
            // It may have begun to sign by another key since.
            Err(Unfit::UnknownKey) => {
                let keys = self.keys.renew(keys, self.fetch_keys(&metadata)).await?;
                token.verify(&keys).map_err(unfit)?
            }
            verified => verified.map_err(unfit)?,
        };
        let Site { issuer, client_id, .. } = self;
        let expected = Expected { issuer, client_id, nonce: &back.nonce, now: Timestamp::now().0 };
        Claims::read(payload, expected).map_err(unfit)
    }

    /// The question what a code is worth.
    fn exchange(
        &self,
        metadata: &Metadata,
        code: &str,
        redirect: &str,
        verifier: &str,
    ) -> Result<Request<String>, SiteError> {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code").append_pair("code", code);
        form.append_pair("redirect_uri", redirect).append_pair("code_verifier", verifier);
        let mut request = Request::post(&metadata.token_endpoint)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        if metadata.wants_secret_in_body() {
            form.append_pair("client_id", &self.client_id).append_pair("client_secret", &self.secret);
        } else {
            // RFC 6749 §2.3.1.
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let both = format!("{}:{}", encoded(&self.client_id), encoded(&self.secret));
            request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(both)));
        }
        request.body(form.finish()).map_err(|error| SiteError::Invalid(error.to_string()))
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, SiteError> {
        let ask =
            async { Metadata::read(&self.issuer, &self.fetch(&Metadata::address(&self.issuer)).await?.body) };
        self.metadata.get(ask).await
    }

    async fn fetch_keys(&self, metadata: &Metadata) -> Result<Keys, SiteError> {
        let answer = self.fetch(&metadata.jwks_uri).await?;
        Keys::read(&answer.body).ok_or_else(|| SiteError::Invalid("its keys cannot be read".to_owned()))
    }

    /// What there is at an address.
    async fn fetch(&self, address: &str) -> Result<Answer, SiteError> {
        let request = Request::get(address).header(ACCEPT, "application/json").body(String::new());
        let answer = self.ask(request.map_err(|error| SiteError::Invalid(error.to_string()))?).await?;
        if answer.status == StatusCode::OK { Ok(answer) } else { Err(unexpected(&answer, address)) }
    }

    async fn ask(&self, request: Request<String>) -> Result<Answer, SiteError> {
        ask(self.tls.clone(), request).await
    }
}

/// What an answer with another status than it should have says.
fn unexpected(answer: &Answer, asked: &str) -> SiteError {
    let why = format!("{} {asked}", answer.status);
    let passes = answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS;
    if passes { SiteError::Down(why) } else { SiteError::Invalid(why) }
}
