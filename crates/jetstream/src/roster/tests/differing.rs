//! Nodes that have decided otherwise than others.

use super::*;

#[test]
fn a_node_that_has_decided_otherwise_is_told_of_once_at_all_others() {
    let mut world = World::new(3);
    world.pass(Duration::from_secs(1));
    for block in 0..5 {
        for node in 0..3 {
            // The third has something else from the second block on.
            let hash = if node == 2 && block > 0 { 8 } else { 7 };
            world.nodes[node].roster.decided(vec![(Block(block), hash)]);
        }
        world.send();
        for Node { roster, arriving, .. } in &mut world.nodes {
            arriving.drain(..).for_each(|octets| roster.receive(&octets).unwrap());
            let heard: Vec<Heard> = std::iter::from_fn(|| roster.poll_heard()).collect();
            let third = Heard::Differs { node: 102, block: Block(1) };
            match (roster.life.node, block) {
                (102, 1) => assert_eq!(heard.len(), 2, "from both of the others"),
                (_, 1) => assert_eq!(heard, [third]),
                _ => assert_eq!(heard, []),
            }
        }
    }
    let differing = world.nodes.iter().map(|node| node.roster.differing());
    assert_eq!(differing.collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!(world.nodes[0].roster.compared(), 10, "five blocks with two others");
    // It begins anew, and has the same as they.
    world.restart(2, true);
    world.pass(Duration::from_secs(1));
    assert_eq!((world.nodes[0].roster.nodes(), world.nodes[0].roster.differing()), (2, 0));
}
