//! The order in which rules are evaluated: whoever gives a feature comes before whoever asks for it.

use std::collections::BTreeMap;

use crate::domain::lexicon::Concept;

/// What a rule gives and asks for.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) gives: Option<Concept>,
    pub(super) asks: Vec<Concept>,
}

/// The places of `nodes` in the order of evaluation, or the places of those that wait for each other.
///
/// Takes away, round by round, the rules that wait for nobody (Kahn); rules that do not depend on each other keep
/// their order.
pub(super) fn order(nodes: &[Node]) -> Result<Vec<usize>, Vec<usize>> {
    let mut open: BTreeMap<Concept, usize> = BTreeMap::new();
    for feature in nodes.iter().filter_map(|node| node.gives) {
        *open.entry(feature).or_default() += 1;
    }
    let mut waiting: Vec<usize> = (0..nodes.len()).collect();
    let mut ordered = Vec::with_capacity(nodes.len());
    while !waiting.is_empty() {
        let ready = |&place: &usize| {
            nodes.get(place).is_some_and(|node| node.asks.iter().all(|ask| !open.contains_key(ask)))
        };
        let (free, stuck): (Vec<usize>, Vec<usize>) = waiting.iter().copied().partition(ready);
        if free.is_empty() {
            return Err(stuck);
        }
        for feature in free.iter().filter_map(|&place| nodes.get(place)?.gives) {
            if let Some(count) = open.get_mut(&feature) {
                *count -= 1;
                if *count == 0 {
                    open.remove(&feature);
                }
            }
        }
        ordered.extend(free);
        waiting = stuck;
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(gives: Option<Concept>, asks: &[Concept]) -> Node {
        Node { gives, asks: asks.to_vec() }
    }

    #[test]
    fn who_gives_a_feature_comes_before_who_asks_for_it() {
        let nodes = [node(None, &[1]), node(Some(1), &[2]), node(Some(2), &[]), node(Some(1), &[])];
        assert_eq!(order(&nodes), Ok(vec![2, 3, 1, 0]));
    }

    #[test]
    fn rules_that_wait_for_each_other_are_told() {
        let nodes = [node(Some(1), &[2]), node(Some(2), &[1]), node(None, &[])];
        assert_eq!(order(&nodes), Err(vec![0, 1]));
    }
}
