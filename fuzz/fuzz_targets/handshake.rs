//! Opening handshakes: what is read is written and read again, and two sides agree to the same.

#![no_main]

use std::time::Instant;

use arbitrary::Arbitrary;
use http::header::{HeaderName, HeaderValue, SEC_WEBSOCKET_EXTENSIONS};
use http::{HeaderMap, Request, Response, Uri, Version};
use libfuzzer_sys::fuzz_target;
use websocket_driver::deflate::{Agreed, Deflate};
use websocket_driver::handshake::http1::{
    HeadError, parse_request, parse_response, write_request, write_response,
};
use websocket_driver::handshake::server::Refusal;
use websocket_driver::handshake::{Key, client, server};
use websocket_driver::{Config, Connection, Event, Message};
use websocket_driver_fuzz::{Agreement, read_in_pieces, transmitted};

#[derive(Arbitrary, Debug)]
enum Case<'a> {
    Request(&'a [u8], Agreement),
    Response(&'a [u8], Agreement),
    Both(Both<'a>),
    /// Offers and answers of others.
    Extensions {
        offers: Vec<&'a str>,
        answer: &'a str,
        agreement: Agreement,
    },
}

#[derive(Arbitrary, Debug)]
struct Both<'a> {
    address: &'a str,
    subprotocols: Vec<&'a str>,
    of_the_server: Vec<&'a str>,
    headers: Vec<(&'a str, &'a [u8])>,
    nonce: [u8; 16],
    agreement: Agreement,
    is_compressed: [bool; 2],
}

/// The agreement with everything else that the options need.
fn asks(agreement: Agreement) -> client::Options {
    let subprotocols = ["chat", "v2.chat"].map(String::from).to_vec();
    client::Options { subprotocols, headers: HeaderMap::new(), deflate: Some(agreement.client()) }
}

fn agrees(agreement: Agreement) -> server::Options {
    server::Options { subprotocols: vec!["chat".into()], deflate: Some(agreement.server()) }
}

/// A server that keeps all there is to keep.
const FULL: Deflate = Deflate { window_bits: 15, takeover: true, peer_takeover: true, level: 6, min_len: 0 };

fn key() -> Key {
    Key::new(*b"the sample nonce")
}

fn read_request(octets: &[u8]) -> Option<Request<()>> {
    let (request, len) = parse_request(octets).ok()??;
    assert_eq!(parse_request(&octets[..len - 1]).map(|early| early.is_some()), Ok(false));
    if request.version() == Version::HTTP_11 {
        let written = write_request(&request);
        match parse_request(&written) {
            Ok(Some((again, all))) => {
                assert_eq!((again.method(), again.uri()), (request.method(), request.uri()));
                assert_eq!((again.headers(), all), (request.headers(), written.len()));
            }
            // With its white space put right it may have grown beyond the limit.
            other => assert!(matches!(other, Err(HeadError::TooLong)), "{other:?}"),
        }
    }
    Some(request)
}

fn read_response(octets: &[u8]) -> Option<Response<()>> {
    let (response, len) = parse_response(octets).ok()??;
    assert_eq!(parse_response(&octets[..len - 1]).map(|early| early.is_some()), Ok(false));
    let written = write_response(&response);
    match parse_response(&written) {
        Ok(Some((again, all))) => {
            assert_eq!(again.status(), response.status());
            assert_eq!((again.headers(), all), (response.headers(), written.len()));
        }
        other => assert!(matches!(other, Err(HeadError::TooLong)), "{other:?}"),
    }
    Some(response)
}

/// The answer comes through as it is, and a client could read it.
fn expect_written(accepted: &server::Accepted) {
    let octets = write_response(&accepted.response);
    let again = read_response(&octets).expect("our own answer");
    assert_eq!(again.headers(), accepted.response.headers());
    assert_eq!(again.status(), 101);
}

fn talk(client: Option<Agreed>, server: Option<Agreed>) {
    let (now, config) = (Instant::now(), std::sync::Arc::new(Config::default()));
    let mut client = Connection::client(config.clone(), || [1, 2, 3, 4], now).with_deflate(client);
    let mut server = Connection::server(config, now).with_deflate(server);
    for text in ["to be, or not to be, that is the question. ".repeat(3), "be".repeat(500)] {
        client.send(&*text).expect("the connection is open");
        server.send(&*text).expect("the connection is open");
        let (there, back) = (transmitted(&mut client).0, transmitted(&mut server).0);
        let expected = [Event::Message(Message::text(text.clone()))];
        assert_eq!(read_in_pieces(&mut server, &there, [7, 100], now), expected);
        assert_eq!(read_in_pieces(&mut client, &back, [7, 100], now), expected);
    }
}

fn both(case: Both<'_>) {
    let Ok(uri) = case.address.parse::<Uri>() else { return };
    let mut headers = HeaderMap::new();
    for (name, value) in &case.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let [client_deflate, server_deflate] = case.is_compressed;
    let asks = client::Options {
        subprotocols: own(&case.subprotocols),
        headers,
        deflate: client_deflate.then(|| case.agreement.client()),
    };
    let agrees = server::Options {
        subprotocols: own(&case.of_the_server),
        deflate: server_deflate.then(|| case.agreement.server()),
    };
    let key = Key::new(case.nonce);
    let Ok(request) = client::request(&uri, &key, &asks) else { return };
    let octets = write_request(&request);
    let read = match parse_request(&octets) {
        Ok(read) => read.expect("a whole request").0,
        Err(error) => return assert_eq!(error, HeadError::TooLong, "{}", octets.escape_ascii()),
    };
    assert_eq!((read.uri(), read.headers()), (request.uri(), request.headers()));
    match server::accept(&read, &agrees) {
        Err(refusal) => assert_eq!(refusal, Refusal::Body),
        Ok(accepted) => {
            expect_written(&accepted);
            let chosen = client::verify(&accepted.response, &key, &asks).expect("an answer to believe");
            assert_eq!(chosen.subprotocol, accepted.subprotocol);
            assert_eq!(chosen.deflate.is_some(), client_deflate && server_deflate);
            assert_eq!(accepted.deflate.is_some(), chosen.deflate.is_some());
            talk(chosen.deflate, accepted.deflate);
        }
    }
}

fn extensions(offers: &[&str], answer: &str, agreement: Agreement) {
    let (asks, agrees) = (asks(agreement), agrees(agreement));
    let mut request =
        client::request(&Uri::from_static("ws://example.org/"), &key(), &asks).expect("a request");
    request.headers_mut().remove(SEC_WEBSOCKET_EXTENSIONS);
    for offer in offers {
        if let Ok(offer) = HeaderValue::from_str(offer) {
            request.headers_mut().append(SEC_WEBSOCKET_EXTENSIONS, offer);
        }
    }
    let mut accepted = server::accept(&request, &agrees).expect("a handshake, whatever is offered");
    expect_written(&accepted);
    if let Some(answered) = accepted.response.headers().get(SEC_WEBSOCKET_EXTENSIONS) {
        // What was agreed to can be offered, and is agreed to as it is.
        request.headers_mut().insert(SEC_WEBSOCKET_EXTENSIONS, answered.clone());
        let again = server::accept(&request, &agrees).expect("a handshake");
        assert_eq!(again.response.headers()[SEC_WEBSOCKET_EXTENSIONS], answered);
        assert_eq!(again.deflate, accepted.deflate);
    }
    if let Ok(answer) = HeaderValue::from_str(answer) {
        accepted.response.headers_mut().insert(SEC_WEBSOCKET_EXTENSIONS, answer);
        if let Ok(chosen) = client::verify(&accepted.response, &key(), &asks) {
            // A server that keeps every window in full understands whatever the client believes.
            request
                .headers_mut()
                .insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static("permessage-deflate"));
            let agrees = server::Options { deflate: Some(FULL), ..server::Options::default() };
            let full = server::accept(&request, &agrees).expect("a handshake");
            let now = Instant::now();
            let client = Connection::client(Config::default().into(), || [0; 4], now);
            let mut client = client.with_deflate(chosen.deflate);
            let mut server = Connection::server(Config::default().into(), now).with_deflate(full.deflate);
            for text in ["to be, or not to be, that is the question. ".repeat(3), "be".repeat(500)] {
                client.send(&*text).expect("the connection is open");
                let told = read_in_pieces(&mut server, &transmitted(&mut client).0, [], now);
                assert_eq!(told, [Event::Message(Message::text(text))]);
            }
        }
    }
}

fuzz_target!(|case: Case<'_>| {
    match case {
        Case::Request(octets, agreement) => {
            if let Some(request) = read_request(octets) {
                match server::accept(&request, &agrees(agreement)) {
                    Ok(accepted) => expect_written(&accepted),
                    Err(refusal) => assert!(refusal.response().status().is_client_error()),
                }
            }
        }
        Case::Response(octets, agreement) => {
            if let Some(response) = read_response(octets) {
                _ = client::verify(&response, &key(), &asks(agreement));
            }
        }
        Case::Both(case) => both(case),
        Case::Extensions { offers, answer, agreement } => extensions(&offers, answer, agreement),
    }
});
