//! The door: who comes in, and by which invitation.

use parlor_chat::{
    AccountChange, Action, Door, InviteId, Order, Origin, Refusal, RoomId, SecretHash, ServerRole, SessionId,
    ShownInvite, Timestamp,
};

use crate::support::{person, room, say};
use crate::world::{GUEST, LOBBY, MEMBER, MODERATOR, OWNER, World, refused};

const INVITE: InviteId = InviteId(4_711);

fn shown(secret: &str) -> ShownInvite {
    ShownInvite { invite: INVITE, secret: SecretHash::of(secret) }
}

fn arrive(number: u64, invite: Option<ShownInvite>, asks: Option<&str>) -> Action {
    let from = Origin { invite, asks: asks.map(str::to_owned), ..Origin::default() };
    Action::Arrive { nickname: format!("new-{number}"), from }
}

fn invitation(until: Option<u64>, uses: u64, rooms: Vec<RoomId>, role: ServerRole) -> Order {
    let secret = SecretHash::of("open sesame");
    Order::MakeInvite { invite: INVITE, secret, until: until.map(Timestamp), uses, rooms, role }
}

#[test]
fn behind_a_door_for_the_claimed_guests_read_and_say_nothing() {
    let mut world = World::new();
    world.order(OWNER, Order::SetDoor { door: Door::Claimed });
    assert_eq!(world.may_not(GUEST, say(LOBBY, "hello")), Refusal::ClaimFirst);
    let create = Action::OpenDirect { room: room(9), with: vec![person(0)] };
    assert_eq!(world.may_not(GUEST, create), Refusal::ClaimFirst);
    world.does(MEMBER, say(LOBBY, "hello"));
    assert_eq!(world.texts(GUEST, LOBBY), ["hello"]);
    world.does(50, arrive(50, None, None));
    world.order(OWNER, Order::SetDoor { door: Door::Open });
    world.does(GUEST, say(LOBBY, "hello"));
}

#[test]
fn who_claims_a_name_is_a_member_and_may_talk_and_who_is_more_stays_what_they_are() {
    let mut world = World::new();
    world.order(OWNER, Order::SetDoor { door: Door::Claimed });
    for (number, role) in [(GUEST, ServerRole::Member), (MODERATOR, ServerRole::Moderator)] {
        let (password, passkey, label) = ("hash".to_owned(), String::new(), "a phone".to_owned());
        let change = AccountChange::Claim { password, passkey, session: SessionId(number + 1), label };
        world.does(number, Action::Account { change });
        assert_eq!(world.see(person(number), |view| Ok(view.role()?)), Ok(role));
        world.does(number, say(LOBBY, "hello"));
    }
}

#[test]
fn behind_a_closed_door_only_the_invited_come_in() {
    for door in [Door::Invite, Door::Closed] {
        let mut world = World::new();
        world.order(OWNER, Order::SetDoor { door });
        assert_eq!(world.may_not(50, arrive(50, None, None)), Refusal::NotInvited);
        assert_eq!(world.may_not(50, arrive(50, Some(shown("open sesame")), None)), Refusal::InviteInvalid);
        world.order(MODERATOR, invitation(None, 1, vec![], ServerRole::Member));
        for secret in ["", "open", "Open Sesame"] {
            assert_eq!(world.may_not(50, arrive(50, Some(shown(secret)), None)), Refusal::InviteInvalid);
        }
        world.does(50, arrive(50, Some(shown("open sesame")), None));
        assert_eq!(world.see(person(50), |view| Ok(view.role()?)), Ok(ServerRole::Member));
        let used_up = world.may_not(51, arrive(51, Some(shown("open sesame")), None));
        assert_eq!(used_up, Refusal::InviteInvalid, "one use");
        // Who is inside stays.
        world.does(GUEST, say(LOBBY, "hello"));
    }
}

#[test]
fn an_invitation_ends_is_revoked_and_tells_who_came_by_it() {
    let mut world = World::new();
    let end = world.now + 1_000;
    world.order(MODERATOR, invitation(Some(end), 0, vec![], ServerRole::Guest));
    world.does(50, arrive(50, Some(shown("open sesame")), None));
    world.order(GUEST, Order::UseInvite { shown: shown("open sesame") });
    let came = world.see(person(MODERATOR), |view| view.came_by(INVITE, Default::default(), 9));
    assert_eq!(came.unwrap(), [person(GUEST), person(50)]);
    world.now = end;
    assert_eq!(world.may_not(51, arrive(51, Some(shown("open sesame")), None)), Refusal::InviteInvalid);
    world.now = end - 1;
    world.order(MODERATOR, Order::RevokeInvite { invite: INVITE, ban: false });
    assert_eq!(world.may_not(51, arrive(51, Some(shown("open sesame")), None)), Refusal::InviteInvalid);
    world.does(50, say(LOBBY, "still here"));
    world.order(MODERATOR, Order::RevokeInvite { invite: INVITE, ban: true });
    assert_eq!(world.may_not(50, say(LOBBY, "still here")), Refusal::Banned);
    assert_eq!(world.see(person(50), |view| view.room(LOBBY)), refused(Refusal::Banned));
    let invites = world.see(person(MODERATOR), |view| view.invites()).unwrap();
    assert_eq!((invites[0].used, invites[0].revoked, invites[0].banned), (2, true, true));
    assert_eq!(world.see(person(MEMBER), |view| view.invites()), refused(Refusal::NotAllowed));
}

#[test]
fn an_invitation_opens_rooms_of_its_author_and_gives_less_than_its_author_has() {
    let mut world = World::new();
    let by =
        |world: &mut World, number, role, rooms| world.not_ordered(number, invitation(None, 0, rooms, role));
    assert_eq!(by(&mut world, MEMBER, ServerRole::Member, vec![]), Refusal::NotAllowed);
    assert_eq!(by(&mut world, MODERATOR, ServerRole::Moderator, vec![]), Refusal::NotAllowed);
    assert_eq!(by(&mut world, OWNER, ServerRole::Owner, vec![]), Refusal::NotAllowed);
    assert_eq!(by(&mut world, OWNER, ServerRole::Bot, vec![]), Refusal::NotAllowed);
    let foreign = by(&mut world, MODERATOR, ServerRole::Member, vec![room(2)]);
    assert_eq!(foreign, Refusal::NoSuchRoom, "nobody opens a private room that they are not in");
    world.does(MEMBER, Action::Invite { room: room(2), person: person(MODERATOR) });
    world.order(MODERATOR, invitation(None, 0, vec![room(2)], ServerRole::Guest));
    assert_eq!(world.may_not(GUEST, Action::Join { room: room(2) }), Refusal::NoSuchRoom);
    world.does(50, arrive(50, Some(shown("open sesame")), None));
    world.does(50, Action::Join { room: room(2) });
    world.does(51, arrive(51, Some(shown("open sesame")), None));
    world.order(MODERATOR, Order::RevokeInvite { invite: INVITE, ban: false });
    assert_eq!(world.may_not(51, Action::Join { room: room(2) }), Refusal::NoSuchRoom);
}

#[test]
fn who_asks_waits_and_sees_nothing_until_they_are_let_in() {
    let mut world = World::new();
    world.order(OWNER, Order::SetDoor { door: Door::Closed });
    for number in [50, 51] {
        world.does(number, arrive(number, None, Some("I am a friend")));
        assert_eq!(world.may_not(number, say(LOBBY, "hello")), Refusal::UnknownPerson);
        assert_eq!(world.see(person(number), |view| view.room(LOBBY)), refused(Refusal::UnknownPerson));
    }
    let waiting = world.see(person(MODERATOR), |view| view.waiting()).unwrap();
    assert_eq!(waiting.iter().map(|one| one.note.as_str()).collect::<Vec<_>>(), ["I am a friend"; 2]);
    assert_eq!(world.see(person(GUEST), |view| view.waiting()), refused(Refusal::NotAllowed));
    assert_eq!(world.not_ordered(GUEST, Order::Admit { person: person(50) }), Refusal::NotAllowed);
    world.order(MODERATOR, Order::Admit { person: person(50) });
    world.does(50, say(LOBBY, "hello"));
    world.order(MODERATOR, Order::TurnAway { person: person(51) });
    assert_eq!(world.may_not(51, say(LOBBY, "hello")), Refusal::UnknownPerson);
    assert_eq!(world.not_ordered(MODERATOR, Order::Admit { person: person(51) }), Refusal::NoSuchPerson);
    assert_eq!(world.see(person(MODERATOR), |view| view.waiting()).unwrap(), []);
}
