//! How a node shows the servers who it is, and how they show it to the node.

use crate::support::{Folder, Server, append, arrive};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parlor_chat::Trouble;
use parlor_chat::log::Log;
use parlor_chat::storage::Memory;
use parlor_jetstream::{JetStreamLog, Options, Secret};

fn accepts(options: Options) {
    let mut log = JetStreamLog::open(options, Memory::new()).unwrap();
    append(&mut log, &[arrive(1)]);
    assert_eq!(log.last().0, 1);
}

fn turns_away(options: Options) {
    let Err(trouble) = JetStreamLog::open(options, Memory::new()) else { panic!("it is let in") };
    assert!(
        matches!(trouble, Trouble::Unfit(_)) && trouble.to_string().contains("let this node in"),
        "{trouble}"
    );
}

#[test]
fn a_user_and_a_password_stand_in_the_address() {
    let server = Server::start_with("authorization { user: ada, password: \"p@ss/word\" }");
    let at = |who: &str| Options::new(format!("nats://{who}{}", server.host()), "main");
    accepts(at("ada:p%40ss%2Fword@"));
    turns_away(at("ada:wrong@"));
    turns_away(at(""));
}

#[test]
fn a_token_stands_in_the_address_or_beside_it() {
    let server = Server::start_with("authorization { token: sesame }");
    let at = |who: &str| Options::new(format!("nats://{who}{}", server.host()), "main");
    accepts(at("sesame@"));
    accepts(Options { secret: Secret::Token("sesame".into()), ..Options::new(server.address(), "other") });
    turns_away(at("poppy@"));
}

#[test]
fn an_nkey_signs_and_is_not_sent() {
    let keys = [nkeys::KeyPair::new_user(), nkeys::KeyPair::new_user()];
    let server =
        Server::start_with(&format!("authorization {{ users: [{{ nkey: {} }}] }}", keys[0].public_key()));
    let with = |key: &nkeys::KeyPair| Options {
        secret: Secret::Nkey(key.seed().unwrap()),
        ..Options::new(server.address(), "main")
    };
    accepts(with(&keys[0]));
    turns_away(with(&keys[1]));
}

#[test]
fn both_sides_show_a_certificate() {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    std::fs::write(path("ca.pem"), pem("CERTIFICATE", parameters.self_signed(&authority_key).unwrap().der()))
        .unwrap();
    let authority = rcgen::Issuer::from_params(&parameters, &authority_key);
    for name in ["server", "node"] {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["127.0.0.1".into()]).unwrap();
        std::fs::write(
            path(&format!("{name}.pem")),
            pem("CERTIFICATE", parameters.signed_by(&key, &authority).unwrap().der()),
        )
        .unwrap();
        std::fs::write(path(&format!("{name}.key")), pem("PRIVATE KEY", &key.serialize_der())).unwrap();
    }
    let server = Server::start_with(&format!(
        "tls {{ cert_file: {:?}, key_file: {:?}, ca_file: {:?}, verify: true }}",
        path("server.pem"),
        path("server.key"),
        path("ca.pem")
    ));
    let options = Options {
        authorities: Some(path("ca.pem")),
        certificate: Some((path("node.pem"), path("node.key"))),
        ..Options::new(format!("tls://{}", server.host()), "main")
    };
    accepts(options.clone());
    for lacking in
        [Options { certificate: None, ..options.clone() }, Options { authorities: None, ..options }]
    {
        assert!(JetStreamLog::open(lacking, Memory::new()).is_err());
    }
}

/// RFC 7468.
fn pem(what: &str, octets: &[u8]) -> String {
    let text = STANDARD.encode(octets);
    format!("-----BEGIN {what}-----\n{text}\n-----END {what}-----\n")
}
