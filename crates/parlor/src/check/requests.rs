//! The requests of wishes, as JSON.

use serde_json::{Value, json};

use super::evidence::Evidence;
use super::wish::{Name, Wish, Wished};

/// The request that asks for a wish; `filling` follows the name in texts. Nothing if what it is about is not known.
pub(super) fn of(evidence: &Evidence, name: Name, wish: &Wish, label: &str, filling: &str) -> Option<String> {
    let room = &evidence.rooms[wish.room].id;
    let place = |post: &Name| evidence.wishes.get(post)?.place().map(|place| place.sequence);
    let mentions = |client: &Option<usize>| -> Vec<&str> {
        client.iter().map(|client| evidence.person(*client)).collect()
    };
    let text = format!("{name} {filling}");
    let mut request = match &wish.wished {
        Wished::Create => {
            let name = format!("check-{label}-{}", wish.room);
            json!({"type": "create_room", "visibility": "public", "name": name})
        }
        Wished::Join => json!({"type": "join", "room": room}),
        Wished::Post(client) => {
            json!({"type": "post", "room": room, "text": text, "mentions": mentions(client)})
        }
        Wished::Edit(post, client) => {
            let message = place(post)?;
            json!({"type": "edit", "room": room, "message": message, "text": text, "mentions": mentions(client)})
        }
        Wished::Delete(post) => json!({"type": "delete", "room": room, "message": place(post)?}),
        Wished::Read(up_to) => json!({"type": "read", "room": room, "up_to": up_to}),
        Wished::Erase => json!({"type": "erase_me"}),
    };
    request["id"] = Value::from(name.number);
    request["key"] = Value::from(name.to_string());
    Some(request.to_string())
}
