//! A provider of OpenID Connect of our own: it asks nobody anything, says who was told to it, and can be told to fail in
//! each way that a provider, or somebody who passes for one, could.

mod fault;
mod keys;
mod requests;
mod tls;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub use fault::Fault;
use keys::Keys;
use requests::{Request, answer, redirect};
use tls::Tls;

/// What the server under test is called here.
pub const CLIENT_ID: &str = "parlor & sons";
/// What it is known by.
pub const CLIENT_SECRET: &str = "a secret: with a colon";

/// How long a request may take to come.
const SOON: Duration = Duration::from_secs(30);

/// Octets of an answer that is too large for anybody.
const HUGE: usize = 16 * 1024 * 1024;

/// What the first octet of a connection by TLS is (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 22;

/// What somebody is here.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// What never changes.
    pub subject: String,
    /// What they sign in here as.
    pub username: Option<String>,
    /// What they are called.
    pub name: Option<String>,
}

#[derive(Debug)]
struct Code {
    redirect: String,
    nonce: String,
    challenge: String,
}

struct State {
    person: Person,
    fault: Option<Fault>,
    is_elliptic: bool,
    keys: Keys,
    codes: HashMap<String, Code>,
    next_code: usize,
}

struct Shared {
    issuer: String,
    /// Where people are sent, by http.
    front: String,
    port: u16,
    tls: Option<Tls>,
    state: Mutex<State>,
    mended: Condvar,
    fetched_keys: AtomicUsize,
    ends: AtomicBool,
}

/// A running provider. It ends with its value.
pub struct Provider(Arc<Shared>);

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}

impl Provider {
    /// Starts one at which somebody with this subject is signed in.
    ///
    /// # Panics
    ///
    /// When there is no port.
    pub fn start(subject: &str) -> Provider {
        Provider::start_with(subject, None)
    }

    /// One that servers ask by https. Its certificate is vouched for by the file that [`Provider::settings_with`] names.
    ///
    /// # Panics
    ///
    /// When there is no port.
    pub fn start_secure(subject: &str) -> Provider {
        Provider::start_with(subject, Some(Tls::new()))
    }

    fn start_with(subject: &str, tls: Option<Tls>) -> Provider {
        // Made now, since it may take a while, and nobody waits long for an answer.
        Keys::foreign();
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let state = State {
            person: Person { subject: subject.to_owned(), ..Person::default() },
            fault: None,
            is_elliptic: false,
            keys: Keys::new(),
            codes: HashMap::new(),
            next_code: 0,
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            // Another site than that of a page at localhost.
            issuer: format!("{scheme}://127.0.0.1:{port}/idp"),
            front: format!("http://127.0.0.1:{port}/idp/authorize"),
            port,
            tls,
            state: Mutex::new(state),
            mended: Condvar::new(),
            fetched_keys: AtomicUsize::new(0),
            ends: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if serving.ends.load(Ordering::Relaxed) {
                    return;
                }
                let serving = Arc::clone(&serving);
                thread::spawn(move || serving.accept(stream));
            }
        });
        Provider(shared)
    }

    /// What a server is told to sign people in by this provider, under this name.
    pub fn settings(&self, name: &str) -> String {
        format!(
            "[[provider]]\nname = {name:?}\nissuer = {:?}\nclient-id = {CLIENT_ID:?}\nclient-secret = {CLIENT_SECRET:?}\n",
            self.0.issuer
        )
    }

    /// The same, if the certificates in this file vouch for it, which are written there.
    ///
    /// # Panics
    ///
    /// When the file cannot be written, or it is asked by http.
    pub fn settings_with(&self, name: &str, ca: &Path) -> String {
        let tls = self.0.tls.as_ref().expect("it is asked by https");
        std::fs::write(ca, &tls.certificate).expect("a file can be written");
        format!("{}ca = {:?}\n", self.settings(name), ca.display().to_string())
    }

    /// What it calls itself.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Somebody else signs in here from now on.
    pub fn is_visited_by(&self, person: Person) {
        self.0.state().person = person;
    }

    /// Fails in this way from now on, or in none.
    pub fn fails(&self, fault: Option<Fault>) {
        self.0.state().fault = fault;
        self.0.mended.notify_all();
    }

    /// Signs by ES256 from now on, and not by RS256.
    pub fn signs_by_curve(&self) {
        self.0.state().is_elliptic = true;
    }

    /// Signs by a new key from now on, and publishes it instead of the old one.
    pub fn rotates_keys(&self) {
        self.0.state().keys = Keys::new();
    }

    /// How often its keys were asked for.
    pub fn fetched_keys(&self) -> usize {
        self.0.fetched_keys.load(Ordering::Relaxed)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.fails(None);
        self.0.ends.store(true, Ordering::Relaxed);
        // Wakes the listener, which sees that it has ended.
        drop(TcpStream::connect(("127.0.0.1", self.0.port)));
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// People come by http, and servers by https if that is spoken.
    fn accept(&self, mut stream: TcpStream) {
        if stream.set_read_timeout(Some(SOON)).is_err() {
            return;
        }
        let mut first = [0];
        match &self.tls {
            Some(tls) if stream.peek(&mut first).is_ok() && first[0] == TLS_HANDSHAKE => {
                self.serve(&mut tls.over(stream));
            }
            _ => self.serve(&mut stream),
        }
    }

    fn serve(&self, stream: &mut (impl Read + Write)) {
        let Some(request) = Request::read(stream) else { return };
        let fault = self.state().fault;
        let is_for_people = request.path == "/idp/authorize";
        match fault {
            Some(Fault::HangsUp) => {}
            Some(Fault::Slow) if !is_for_people => {
                let is_slow = |state: &mut State| state.fault == Some(Fault::Slow);
                drop(self.mended.wait_while(self.state(), is_slow));
            }
            Some(Fault::Broken) if !is_for_people => answer(stream, 503, "", b"broken"),
            Some(Fault::Redirects) if !is_for_people => {
                redirect(stream, &format!("{}/jwks", self.issuer));
            }
            _ => self.route(stream, &request, fault),
        }
    }

    fn route(&self, stream: &mut (impl Read + Write), request: &Request, fault: Option<Fault>) {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/idp/.well-known/openid-configuration") if fault == Some(Fault::HugeDiscovery) => {
                answer(stream, 200, "application/json", &vec![b' '; HUGE]);
            }
            ("GET", "/idp/.well-known/openid-configuration") => json(stream, 200, &self.discovery(fault)),
            ("GET", "/idp/jwks") => {
                self.fetched_keys.fetch_add(1, Ordering::Relaxed);
                json(stream, 200, &self.state().keys.published());
            }
            ("GET", "/idp/authorize") => match self.authorize(request, fault) {
                Ok(location) => redirect(stream, &location),
                Err(sentence) => answer(stream, 400, "text/plain", sentence.as_bytes()),
            },
            ("POST", "/idp/token") if fault == Some(Fault::HugeToken) => {
                answer(stream, 200, "application/json", &vec![b' '; HUGE]);
            }
            ("POST", "/idp/token") => match self.redeem(request, fault) {
                Ok(tokens) => json(stream, 200, &tokens),
                Err(error) => json(stream, 400, &json!({"error": error})),
            },
            _ => answer(stream, 404, "text/plain", b"nothing is here"),
        }
    }

    fn discovery(&self, fault: Option<Fault>) -> Value {
        let issuer = &self.issuer;
        let token = match fault {
            Some(Fault::PlainEndpoint) => "http://192.0.2.1/token".to_owned(),
            _ => format!("{issuer}/token"),
        };
        json!({
            "issuer": if fault == Some(Fault::OtherIssuer) { "http://127.0.0.1/other" } else { issuer },
            "authorization_endpoint": format!("{}?always=this", self.front),
            "token_endpoint": token,
            "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    /// Where the browser of whoever is signed in here is sent with a code.
    fn authorize(&self, request: &Request, fault: Option<Fault>) -> Result<String, &'static str> {
        let asked = &request.query;
        let says = |name: &str, value: &str| asked.get(name).is_some_and(|said| said == value);
        if !says("response_type", "code") || !says("client_id", CLIENT_ID) || !says("always", "this") {
            return Err("this is no request for a code");
        }
        if !asked.get("scope").is_some_and(|scope| scope.split(' ').any(|word| word == "openid")) {
            return Err("this is not OpenID Connect");
        }
        let of = |name| asked.get(name).filter(|value| !value.is_empty()).cloned();
        let redirect =
            of("redirect_uri").filter(|uri| uri.ends_with("/signed-in")).ok_or("no address to go back to")?;
        let (state, nonce) = (of("state").ok_or("no state")?, of("nonce").ok_or("no nonce")?);
        let challenge =
            of("code_challenge").filter(|_| says("code_challenge_method", "S256")).ok_or("no challenge")?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("state", &state);
        query.append_pair(
            "iss",
            if fault == Some(Fault::OtherSender) { "http://other" } else { &self.issuer },
        );
        if fault == Some(Fault::Denies) {
            query.append_pair("error", "access_denied");
            return Ok(format!("{redirect}?{}", query.finish()));
        }
        let mut known = self.state();
        known.next_code += 1;
        let code = format!("code {}", known.next_code);
        query.append_pair("code", &code);
        let back = format!("{redirect}?{}", query.finish());
        known.codes.insert(code, Code { redirect, nonce, challenge });
        Ok(back)
    }

    fn redeem(&self, request: &Request, fault: Option<Fault>) -> Result<Value, &'static str> {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = STANDARD.encode(format!("{}:{}", encoded(CLIENT_ID), encoded(CLIENT_SECRET)));
        if request.authorization != format!("Basic {basic}") {
            return Err("invalid_client");
        }
        let said = |name| request.form.get(name).map(String::as_str).unwrap_or_default();
        if said("grant_type") != "authorization_code" {
            return Err("unsupported_grant_type");
        }
        let mut state = self.state();
        // Good once.
        let code = state.codes.remove(said("code")).ok_or("invalid_grant")?;
        let verified = URL_SAFE_NO_PAD.encode(digest(&SHA256, said("code_verifier").as_bytes()));
        if code.redirect != said("redirect_uri") || code.challenge != verified {
            return Err("invalid_grant");
        }
        if fault == Some(Fault::NoToken) {
            return Ok(json!({"access_token": "for nothing", "token_type": "Bearer"}));
        }
        let claims = self.claims(&state.person, &code.nonce, fault);
        let token = state.keys.sign(&claims, state.is_elliptic, fault);
        Ok(json!({"access_token": "for nothing", "token_type": "Bearer", "id_token": token}))
    }

    fn claims(&self, person: &Person, nonce: &str, fault: Option<Fault>) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs();
        let mut claims = json!({
            "iss": self.issuer, "sub": person.subject, "aud": CLIENT_ID, "nonce": nonce,
            "iat": now, "exp": now + 300, "preferred_username": person.username, "name": person.name,
        });
        let (claim, value) = match fault {
            Some(Fault::WrongNonce) => ("nonce", json!("another")),
            Some(Fault::NoNonce) => ("nonce", Value::Null),
            Some(Fault::WrongAudience) => ("aud", json!("somebody else")),
            Some(Fault::ManyAudiences) => ("aud", json!([CLIENT_ID, "somebody else"])),
            Some(Fault::WrongParty) => ("azp", json!("somebody else")),
            Some(Fault::WrongIssuer) => ("iss", json!("http://127.0.0.1/other")),
            Some(Fault::Expired) => ("exp", json!(now - 3_600)),
            Some(Fault::Stale) => ("iat", json!(now - 3_600)),
            _ => return claims,
        };
        claims[claim] = value;
        claims
    }
}

fn json(stream: &mut impl Write, status: u16, value: &Value) {
    answer(stream, status, "application/json", value.to_string().as_bytes());
}
