//! Every request that keeps the peace, for docs/protocol-examples.md.

use parlor_tests::client::Client;
use serde_json::{Value, json};
use websocket_client::Connector;

use super::documented::Scribe;
use super::server::{LOBBY, Server};

/// Everything that whoever keeps the peace asks for.
pub(crate) async fn oversee(scribe: &mut Scribe, server: &Server, ann: &mut Client, bob: &mut Client) {
    let bob_id = bob.id().to_owned();
    let secret = server.ownership();
    scribe.show(ann, json!({"type": "claim_ownership", "secret": secret})).await;
    let of_bob = |kind: &str| json!({"type": kind, "person": bob_id});
    let role = json!({"type": "set_server_role", "person": bob_id, "role": "member"});
    scribe.show(ann, role).await;
    scribe.show(ann, json!({"type": "set_slow_mode", "room": LOBBY, "seconds": 5})).await;
    ann.ok(json!({"type": "set_slow_mode", "room": LOBBY, "seconds": 0})).await;
    scribe.show(ann, json!({"type": "set_filter", "kind": "word", "pattern": "Hmm", "action": "hold"})).await;
    scribe.show(ann, json!({"type": "filters"})).await;
    let held = bob.ok(json!({"type": "post", "text": "hmm, really"})).await;
    assert_eq!(held["held"], true);
    scribe.show(ann, json!({"type": "withheld"})).await;
    scribe.show(ann, json!({"type": "held"})).await;
    scribe.show(ann, json!({"type": "restore", "withheld": held["position"]})).await;
    let held = bob.ok(json!({"type": "post", "text": "hmm, worse"})).await;
    scribe.show(ann, json!({"type": "purge", "withheld": held["position"]})).await;
    scribe.show(ann, json!({"type": "remove_filter", "kind": "word", "pattern": "hmm"})).await;

    let rude = bob.ok(json!({"type": "post", "text": "rude"})).await["sequence"].clone();
    let report = json!({"type": "report", "room": LOBBY, "message": rude, "note": "this is rude"});
    let report = scribe.show(ann, report).await["position"].clone();
    scribe.show(ann, json!({"type": "reports"})).await;
    scribe.show(ann, json!({"type": "settle_report", "report": report, "note": "told them"})).await;
    restrain(scribe, ann, &of_bob).await;
    let range = "192.0.2.0/24";
    scribe.show(ann, json!({"type": "ban_range", "range": range, "seconds": 3600, "reason": "a raid"})).await;
    scribe.show(ann, json!({"type": "restrained"})).await;
    scribe.show(ann, json!({"type": "unban_range", "range": range})).await;
    let minutes = json!({"type": "review", "people": [bob_id], "minutes": 10});
    scribe.show(ann, minutes).await;
    let undo = json!({"type": "undo", "people": [bob_id], "minutes": 10});
    let undone = scribe.show(ann, undo).await["position"].clone();
    ann.ok(json!({"type": "restore", "withheld": undone})).await;
    let_in(scribe, server, ann).await;
    scribe.show(ann, json!({"type": "audit", "limit": 3})).await;
}

async fn restrain(scribe: &mut Scribe, ann: &mut Client, of_bob: &impl Fn(&str) -> Value) {
    let with = |kind: &str, seconds: u64, reason: &str| {
        let mut request = of_bob(kind);
        request["reason"] = json!(reason);
        if seconds > 0 {
            request["seconds"] = json!(seconds);
        }
        request
    };
    scribe.show(ann, with("mute", 600, "cool down")).await;
    scribe.show(ann, json!({"type": "about", "person": of_bob("mute")["person"], "room": LOBBY})).await;
    scribe.show(ann, of_bob("unmute")).await;
    scribe.show(ann, with("kick", 0, "rude")).await;
    scribe.show(ann, with("ban", 3600, "rude again")).await;
    scribe.show(ann, of_bob("unban")).await;
}

/// The door.
async fn let_in(scribe: &mut Scribe, server: &Server, ann: &mut Client) {
    scribe.show(ann, json!({"type": "set_door", "door": "invite"})).await;
    let make = json!({"type": "make_invite", "seconds": 86_400, "uses": 10, "role": "member"});
    let invite = scribe.show(ann, make).await["invite"].as_str().expect("it is told").to_owned();
    scribe.show(ann, json!({"type": "use_invite", "invite": invite})).await;
    let id = invite.split_once('.').expect("it has two parts").0;
    scribe.show(ann, json!({"type": "came_by", "invite": id})).await;
    scribe.show(ann, json!({"type": "invites"})).await;
    scribe.show(ann, json!({"type": "revoke_invite", "invite": id})).await;
    for answer in ["admit", "turn_away"] {
        ask_to_come_in(server).await;
        let waiting = scribe.show(ann, json!({"type": "waiting"})).await;
        let person = waiting["waiting"][0]["person"].clone();
        scribe.show(ann, json!({"type": answer, "person": person})).await;
    }
}

/// Somebody new asks to be let in, and is told to wait.
async fn ask_to_come_in(server: &Server) {
    let address = format!("{}/chat?ask=I+am+Carl", server.address);
    let connector = Connector::new().subprotocols(["parlor.v1"]);
    let mut ws = connector.connect(&address).await.expect("it is a WebSocket");
    let line = ws.recv().await.expect("something comes");
    let line: Value = serde_json::from_str(line.as_text().expect("it is text")).expect("it is JSON");
    assert_eq!(line["type"], "waiting", "{line}");
    assert!(line["token"].is_string(), "{line}");
}
