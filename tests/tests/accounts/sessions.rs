//! Sessions: they begin with a claim or a sign-in, and an ended one opens nothing.

use serde_json::json;

use super::server::{PASSWORD, Server, token_of};

#[tokio::test]
async fn who_claims_a_name_is_the_same_person_and_signs_in_elsewhere() {
    let mut server = Server::start("claim");
    let mut guest = server.guest().await;
    guest.ok(json!({"type": "post", "text": "said as a guest"})).await;
    let asked = json!({"name": "  Ada ", "password": PASSWORD});
    let first = token_of(&server.ok("POST /session/claim", &guest.token, &asked));
    assert_eq!(guest.ended().await, 1008, "the guest's connection has ended with its session");
    assert_eq!(server.turned_away(&guest.token).await, 1008);
    server.kill_and_start();
    let second = server.sign_in("ADA");
    for token in [&first, &second] {
        let mut ada = server.back(token).await;
        assert_eq!((ada.id(), ada.name()), (guest.id(), "Ada"));
        let history = ada.ok(json!({"type": "history", "room": "0000000000001"})).await;
        assert_eq!(
            (&history["messages"][0]["text"], &history["messages"][0]["by"]),
            (&json!("said as a guest"), &json!(guest.id()))
        );
    }
    assert_eq!(server.turned_away(&guest.token).await, 1008, "also after a crash");
    let again = json!({"password": PASSWORD});
    assert_eq!(server.refused("POST /session/claim", &first, &again), (401, "not-signed-in".into()));
}

#[tokio::test]
async fn an_ended_session_opens_nothing_and_its_connections_close_at_once() {
    let mut server = Server::start("ended");
    let (_, first) = server.claimed("Ada").await;
    let second = server.sign_in("Ada");
    let (mut here, mut there) = (server.back(&first).await, server.back(&second).await);
    let me = server.ok("GET /me", &first, &json!(null));
    let sessions = me["account"]["sessions"].as_array().unwrap().clone();
    assert_eq!(sessions.iter().map(|one| one["own"] == true).collect::<Vec<_>>(), [true, false]);
    server.ok("POST /session/end", &first, &json!({"session": sessions[1]["session"]}));
    assert_eq!(there.ended().await, 1008);
    assert_eq!(server.refused("GET /me", &second, &json!(null)), (401, "not-signed-in".into()));
    here.ok(json!({"type": "post", "text": "still here"})).await;
    server.kill_and_start();
    assert_eq!(server.turned_away(&second).await, 1008);
    let mut here = server.back(&first).await;
    // Signing out makes somebody new.
    let guest = server.ok("POST /session/end", &first, &json!({}));
    assert_eq!(here.ended().await, 1008);
    assert_ne!(server.back(&token_of(&guest)).await.id(), here.id());
    assert_eq!(server.turned_away(&first).await, 1008);
}

#[tokio::test]
async fn another_password_signs_out_everywhere_else() {
    let server = Server::start("password");
    let (_, first) = server.claimed("Ada").await;
    let second = server.sign_in("Ada");
    let mut there = server.back(&second).await;
    let wrong = json!({"password": "wrong horse battery", "new": "another horse"});
    assert_eq!(server.refused("POST /me/password", &first, &wrong), (401, "wrong-password".into()));
    let short = json!({"password": PASSWORD, "new": "short"});
    assert_eq!(server.refused("POST /me/password", &first, &short), (422, "password-invalid".into()));
    server.ok("POST /me/password", &first, &json!({"password": PASSWORD, "new": "another horse"}));
    assert_eq!(there.ended().await, 1008);
    assert_eq!(server.back(&first).await.name(), "Ada");
    let old = json!({"name": "Ada", "password": PASSWORD});
    assert_eq!(server.refused("POST /session", "", &old), (401, "wrong-password".into()));
    server.ok("POST /session", "", &json!({"name": "Ada", "password": "another horse"}));
    let third =
        token_of(&server.ok("POST /session", "", &json!({"name": "Ada", "password": "another horse"})));
    server.ok("POST /session/end-others", &third, &json!({}));
    assert_eq!(server.turned_away(&first).await, 1008);
}

#[tokio::test]
async fn who_deletes_their_account_is_erased_and_their_name_is_free() {
    let server = Server::start("delete");
    let (_, token) = server.claimed("Ada").await;
    let mut ada = server.back(&token).await;
    assert_eq!(server.refused("POST /me/delete", &token, &json!({})), (401, "wrong-password".into()));
    server.ok("POST /me/delete", &token, &json!({"password": PASSWORD}));
    assert_eq!(ada.ended().await, 1008);
    let asked = json!({"name": "Ada", "password": PASSWORD});
    assert_eq!(server.refused("POST /session", "", &asked), (401, "wrong-password".into()));
    server.claimed("Ada").await;
}

#[tokio::test]
async fn a_guest_who_signs_in_departs() {
    let server = Server::start("departs");
    server.claimed("Ada").await;
    let mut guest = server.guest().await;
    let name = guest.name().to_owned();
    let asked = json!({"name": "Ada", "password": PASSWORD});
    let token = token_of(&server.ok("POST /session", &guest.token, &asked));
    assert_eq!(guest.ended().await, 1008);
    let mut ada = server.back(&token).await;
    assert_eq!(ada.refused(json!({"type": "person", "nickname": name})).await, "no-such-person");
}

#[tokio::test]
async fn a_name_is_claimed_where_guests_may_only_read() {
    let server = Server::start_with("claimed-door", "[chat]\ndoor = \"claimed\"");
    let mut guest = server.guest().await;
    let post = json!({"type": "post", "text": "let me talk"});
    assert_eq!(guest.refused(post.clone()).await, "claim-first");
    let you = server.ok("POST /session/claim", &guest.token, &json!({"name": "Ann", "password": PASSWORD}));
    let mut ann = server.back(&token_of(&you)).await;
    ann.ok(post).await;
}
