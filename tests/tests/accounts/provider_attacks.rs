//! What a provider that fails, and somebody who passes for one or for somebody else, try in vain.

use std::thread;
use std::time::{Duration, Instant};

use parlor_tests::http1::{ask, ask_with};
use parlor_tests::process::Folder;
use parlor_tests::provider::{Fault, Person, Provider};
use serde_json::{Value, json};

use super::browser::{Browser, back, guest, ok, over, server_of};
use super::server::{Server, refusal_of, until_too_many};

fn invalid() -> (u16, String) {
    (502, "provider-invalid".to_owned())
}

fn down() -> (u16, String) {
    (503, "provider-down".to_owned())
}

/// A provider that somebody has signed in by before, and the server.
async fn known(name: &str) -> (Provider, Server, Value) {
    let provider = Provider::start("ada");
    let server = server_of(name, &provider);
    let (_, mut browser) = guest(&server).await;
    let you = ok(&browser.signs_in(&server));
    (provider, server, you["id"].clone())
}

#[tokio::test]
async fn a_token_that_is_not_of_this_sign_in_opens_nothing() {
    let (provider, server, ada) = known("provider-tokens").await;
    for fault in [
        Fault::WrongNonce,
        Fault::NoNonce,
        Fault::WrongAudience,
        Fault::ManyAudiences,
        Fault::WrongParty,
        Fault::WrongIssuer,
        Fault::Expired,
        Fault::Stale,
        Fault::NoToken,
        Fault::OtherSender,
    ] {
        provider.fails(Some(fault));
        let mut browser = Browser::default();
        assert_eq!(refusal_of(&browser.signs_in(&server)), invalid(), "{fault:?}");
        assert!(!browser.0.contains_key("parlor"), "{fault:?}");
    }
    provider.fails(None);
    assert_eq!(ok(&Browser::default().signs_in(&server))["id"], ada, "afterwards all is well");
}

#[tokio::test]
async fn a_token_that_is_signed_by_nobody_or_somebody_else_opens_nothing() {
    for is_elliptic in [false, true] {
        let (provider, server, ada) = known("provider-signatures").await;
        if is_elliptic {
            provider.signs_by_curve();
        }
        for fault in [Fault::Unsigned, Fault::PublicKeyAsSecret, Fault::ForeignKey, Fault::UnknownKey] {
            provider.fails(Some(fault));
            assert_eq!(refusal_of(&Browser::default().signs_in(&server)), invalid(), "{fault:?}");
        }
        provider.fails(None);
        assert_eq!(ok(&Browser::default().signs_in(&server))["id"], ada);
    }
}

#[tokio::test]
async fn a_new_key_is_fetched_when_it_is_needed_and_an_unknown_one_not_again_and_again() {
    let (provider, server, ada) = known("provider-keys").await;
    assert_eq!(provider.fetched_keys(), 1);
    assert_eq!(ok(&Browser::default().signs_in(&server))["id"], ada);
    assert_eq!(provider.fetched_keys(), 1, "they are kept");
    provider.rotates_keys();
    assert_eq!(ok(&Browser::default().signs_in(&server))["id"], ada);
    assert_eq!(provider.fetched_keys(), 2);
    provider.fails(Some(Fault::UnknownKey));
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(refusal_of(&Browser::default().signs_in(&server)), invalid());
    }
    // Once each 30 seconds, if a busy machine takes so long.
    let most = 2 + usize::try_from(begun.elapsed().as_secs().div_ceil(30)).unwrap();
    assert!(provider.fetched_keys() <= most, "{}", provider.fetched_keys());
}

#[tokio::test]
async fn what_one_browser_began_is_good_in_no_other() {
    let (_provider, server, ada) = known("provider-browsers").await;
    let (mut mine, mut theirs) = (Browser::default(), Browser::default());
    // Somebody has a code for their own account handed in by another browser (login CSRF).
    let of_mine = mine.goes(&server);
    theirs.goes(&server);
    assert_eq!(refusal_of(&theirs.hands_in(&server, &of_mine)), over());
    assert_eq!(refusal_of(&Browser::default().hands_in(&server, &of_mine)), over(), "one that began nothing");
    let mut made_up = of_mine.clone();
    made_up.insert("state".into(), "AAAA".into());
    assert_eq!(refusal_of(&mine.hands_in(&server, &made_up)), over());
    assert_eq!(ok(&mine.hands_in(&server, &of_mine))["id"], ada);
}

#[tokio::test]
async fn a_code_is_good_once_and_for_the_sign_in_that_it_was_asked_for() {
    let (_provider, server, _) = known("provider-codes-once").await;
    let mut browser = Browser::default();
    let first = browser.goes(&server);
    let kept = browser.clone();
    ok(&browser.hands_in(&server, &first));
    assert_eq!(refusal_of(&browser.hands_in(&server, &first)), over(), "the browser has forgotten it");
    assert_eq!(refusal_of(&kept.clone().hands_in(&server, &first)), over(), "the provider has, too");
    // A code that was stolen is put into another sign-in: the verifier does not fit (PKCE).
    let (mut victim, mut thief) = (Browser::default(), Browser::default());
    let stolen = victim.goes(&server);
    let mut own = thief.goes(&server);
    own.insert("code".into(), stolen["code"].clone());
    assert_eq!(refusal_of(&thief.hands_in(&server, &own)), over());
}

#[tokio::test]
async fn who_links_is_who_began_it() {
    let provider = Provider::start("ada at acme");
    let server = server_of("provider-link-csrf", &provider);
    let (_, ada) = server.claimed("Ada").await;
    let (_, eve) = server.claimed("Eve").await;
    let asked = json!({"provider": "Acme", "password": super::server::PASSWORD});
    let mut browser = Browser::of(&eve);
    let begun = ok(&browser.ask(&server, "/me/identities/begin", &asked));
    let with = back(&server, begun["url"].as_str().unwrap());
    // In the meantime somebody else is signed in in this browser.
    browser.0.insert("parlor".into(), ada.clone());
    assert_eq!(refusal_of(&browser.hands_in(&server, &with)), over());
    for token in [&ada, &eve] {
        assert_eq!(server.ok("GET /me", token, &json!(null))["account"]["identities"], json!([]));
    }
    let guest = server.guest().await;
    let refused = server.refused("POST /me/identities/begin", &guest.token, &asked);
    assert_eq!(refused, (401, "not-signed-in".into()));
}

#[tokio::test]
async fn nobody_is_sent_anywhere_but_to_the_provider_and_back() {
    let (_provider, server, _) = known("provider-redirects").await;
    let mut browser = Browser::default();
    let asked =
        json!({"provider": "Acme", "redirect_uri": "https://evil.example", "url": "https://evil.example"});
    let begun = browser.ok(&server, "/session/provider/begin", &asked);
    assert!(!begun.to_string().contains("evil"), "{begun}");
    let url = begun["url"].as_str().unwrap();
    let redirect = format!(
        "redirect_uri={}",
        form_urlencoded::byte_serialize(format!("{}/signed-in", server.origin()).as_bytes())
            .collect::<String>()
    );
    assert!(url.contains(&redirect), "{url}");
    let unknown =
        browser.ask(&server, "/session/provider/begin", &json!({"provider": "https://evil.example"}));
    assert_eq!(refusal_of(&unknown), (404, "no-such-provider".into()));
    // A page of another origin can neither begin nor finish anything.
    let foreign = ["X-Parlor: 1", "Origin: https://evil.example"];
    for path in
        ["/session/provider/begin", "/session/provider", "/session/provider/code", "/me/identities/begin"]
    {
        let answer = ask_with(&server.address, &format!("POST {path}"), &foreign, b"{}");
        assert_eq!(answer.status, 403, "{path}");
    }
    // And a program has no page to come back to.
    let program = server.refused("POST /session/provider/begin", "", &json!({"provider": "Acme"}));
    assert_eq!(program, (400, "no-page".into()));
}

#[tokio::test]
async fn a_provider_that_is_not_the_one_it_should_be_is_asked_for_nothing() {
    for fault in [Fault::OtherIssuer, Fault::PlainEndpoint, Fault::Redirects] {
        let provider = Provider::start("ada");
        provider.fails(Some(fault));
        let server = server_of("provider-other", &provider);
        let answer = Browser::default().ask(&server, "/session/provider/begin", &json!({"provider": "Acme"}));
        assert_eq!(refusal_of(&answer), invalid(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_slow_or_boundless_harms_nobody_else_and_is_tried_again() {
    for fault in [Fault::HangsUp, Fault::Broken, Fault::HugeDiscovery, Fault::Slow] {
        let provider = Provider::start("ada");
        provider.fails(Some(fault));
        let server = server_of("provider-down", &provider);
        let (mut client, mut browser) = guest(&server).await;
        let asked = json!({"provider": "Acme"});
        let (address, bearer) = (server.address.clone(), format!("Authorization: Bearer {}", client.token));
        // Meanwhile everything else goes on.
        let others =
            thread::spawn(move || (0..20).all(|_| ask(&address, "GET /me", &[&bearer]).status == 200));
        let waiting = browser.ask(&server, "/session/provider/begin", &asked);
        assert!(others.join().unwrap(), "{fault:?}");
        assert_eq!(refusal_of(&waiting), down(), "{fault:?}");
        assert!(waiting.header("retry-after").is_some());
        client.ok(json!({"type": "rooms"})).await;
        provider.fails(None);
        // A failure is remembered for a moment.
        let deadline = Instant::now() + Duration::from_secs(30);
        while browser.ask(&server, "/session/provider/begin", &asked).status != 200 {
            assert!(Instant::now() < deadline, "{fault:?}");
            thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(ok(&browser.signs_in(&server))["id"], client.id());
    }
}

#[tokio::test]
async fn a_provider_that_fails_in_the_middle_leaves_everybody_who_they_were() {
    let (provider, server, ada) = known("provider-middle").await;
    for fault in [Fault::HangsUp, Fault::Broken, Fault::HugeToken, Fault::Slow] {
        let (client, mut browser) = guest(&server).await;
        let with = browser.goes(&server);
        provider.fails(Some(fault));
        assert_eq!(refusal_of(&browser.hands_in(&server, &with)), down(), "{fault:?}");
        provider.fails(None);
        let me = server.ok("GET /me", browser.token(), &json!(null));
        assert_eq!((&me["id"], &me["account"]), (&json!(client.id()), &Value::Null), "{fault:?}");
        assert_eq!(ok(&browser.signs_in(&server))["id"], ada);
    }
}

#[tokio::test]
async fn codes_of_a_provider_are_not_guessed_and_its_failures_are_nobodys_guesses() {
    let (provider, server, ada) = known("provider-guesses").await;
    provider.fails(Some(Fault::WrongAudience));
    // More than wrong attempts that cost nothing.
    for _ in 0..60 {
        assert_eq!(refusal_of(&Browser::default().signs_in(&server)), invalid());
    }
    provider.fails(None);
    assert_eq!(ok(&Browser::default().signs_in(&server))["id"], ada);
    let mut browser = Browser::default();
    let guess = browser.goes(&server);
    until_too_many(|number| {
        let mut guess = guess.clone();
        guess.insert("code".into(), format!("code {}", 1_000 + number));
        browser.clone().hands_in(&server, &guess)
    });
}

#[tokio::test]
async fn a_provider_is_asked_by_https_if_those_that_are_trusted_vouch_for_it() {
    let provider = Provider::start_secure("ada");
    let other = Provider::start_secure("ada");
    let folder = Folder::new("provider-certificates");
    let files = [folder.path().join("right.pem"), folder.path().join("wrong.pem")];
    other.settings_with("Other", &files[1]);
    let settings = provider.settings_with("Acme", &files[0]);
    let server = Server::start_with("provider-https", &settings);
    let (client, mut browser) = guest(&server).await;
    assert_eq!(ok(&browser.signs_in(&server))["id"], client.id());
    // Somebody in between, for whom somebody else vouches.
    let settings = settings.replace("right.pem", "wrong.pem");
    let server = Server::start_with("provider-in-between", &settings);
    let answer = Browser::default().ask(&server, "/session/provider/begin", &json!({"provider": "Acme"}));
    assert_eq!(refusal_of(&answer), down());
}

#[tokio::test]
async fn the_same_name_at_another_provider_is_somebody_else() {
    let (one, other) = (Provider::start("ada"), Provider::start("ada"));
    other.is_visited_by(Person { subject: "ada".into(), ..Person::default() });
    let settings = format!("{}{}", one.settings("Acme"), other.settings("Other"));
    let server = Server::start_with("provider-two", &settings);
    let (_, mut browser) = guest(&server).await;
    let ada = ok(&browser.signs_in(&server))["id"].clone();
    let mut elsewhere = Browser::default();
    let begun = elsewhere.ok(&server, "/session/provider/begin", &json!({"provider": "Other"}));
    let with = back(&server, begun["url"].as_str().unwrap());
    assert_eq!(refusal_of(&elsewhere.hands_in(&server, &with)), (409, "not-linked".into()));
    // What one has sent back is not redeemed at the other (a mix-up).
    let mut mixed = elsewhere.goes(&server);
    mixed.insert("iss".into(), other.issuer().to_owned());
    assert_eq!(refusal_of(&elsewhere.hands_in(&server, &mixed)), invalid());
    assert_eq!(ok(&Browser::default().signs_in(&server))["id"], ada);
}
