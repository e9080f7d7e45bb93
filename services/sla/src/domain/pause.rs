//! Pauses of a clock: facts as they were recorded, and their union, which is all that the arithmetic sees (D8).

use jiff::Timestamp;

use super::interval::Span;

/// A stretch during which a clock stood still, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// When it began.
    pub from: Timestamp,
    /// When it ended, not before `from`; `None` while it lasts.
    pub to: Option<Timestamp>,
    /// Why: a code such as `lab` or `suspended`.
    pub reason: String,
}

/// The union of some pauses: sorted, apart from each other, none empty. One without an end lasts to the end of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pauses(Vec<Span>);

impl Pauses {
    /// The union: pauses that overlap or touch become one, those of zero length none.
    pub fn union<'a>(pauses: impl IntoIterator<Item = &'a Pause>) -> Self {
        let spans = pauses.into_iter().map(|p| Span { from: p.from, to: p.to.unwrap_or(Timestamp::MAX) });
        let mut spans: Vec<Span> = spans.filter(|span| !span.is_empty()).collect();
        spans.sort_unstable_by_key(|span| span.from);
        spans.dedup_by(|next, kept| {
            let joined = next.from <= kept.to;
            if joined {
                kept.to = kept.to.max(next.to);
            }
            joined
        });
        Self(spans)
    }

    /// Whether the clock never stood still.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a day that closes at `closing` is held: the clock was paused at the last moment before it
    /// (closing rule 5).
    pub fn holds(&self, closing: Timestamp) -> bool {
        let at = self.0.partition_point(|span| span.to < closing);
        self.0.get(at).is_some_and(|span| span.from < closing)
    }

    /// When the last pause ends; the end of time if it is open, `None` without any.
    pub fn last_end(&self) -> Option<Timestamp> {
        self.0.last().map(|span| span.to)
    }

    /// Since when the clock stands still for good, as far as is known.
    pub fn open_since(&self) -> Option<Timestamp> {
        self.0.last().filter(|span| span.to == Timestamp::MAX).map(|span| span.from)
    }

    /// `within`, cut where the clock stopped and went on: pieces in order, none empty, together all of it.
    pub fn pieces(&self, within: Span) -> Pieces<'_> {
        let at = self.0.partition_point(|span| span.to <= within.from);
        Pieces { later: self.0.get(at..).unwrap_or_default(), rest: within }
    }
}

/// A stretch during which a clock ran, or stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// From when to when.
    pub span: Span,
    /// Whether it was paused throughout; otherwise it ran throughout.
    pub paused: bool,
}

/// The pieces of a stretch; see [`Pauses::pieces`].
#[derive(Debug)]
pub struct Pieces<'a> {
    later: &'a [Span],
    rest: Span,
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if self.rest.is_empty() {
            return None;
        }
        let from = self.rest.from;
        let (to, paused) = match self.later {
            [pause, later @ ..] if pause.from <= from => {
                self.later = later;
                (pause.to, true)
            }
            [pause, ..] => (pause.from, false),
            [] => (self.rest.to, false),
        };
        let to = to.min(self.rest.to);
        self.rest.from = to;
        Some(Piece { span: Span { from, to }, paused })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn pauses(spans: &[(i64, i64)]) -> Pauses {
        let pause = |&(from, to)| Pause { from: at(from), to: Some(at(to)), reason: String::new() };
        Pauses::union(&spans.iter().map(pause).collect::<Vec<_>>())
    }

    #[test]
    fn pauses_that_overlap_or_touch_are_one_and_empty_ones_are_none() {
        assert_eq!(
            pauses(&[(30, 40), (10, 20), (20, 25), (12, 14), (50, 50)]),
            pauses(&[(10, 25), (30, 40)])
        );
    }

    #[test]
    fn a_day_is_held_if_the_last_moment_before_its_closing_is_paused() {
        let held = |closing| pauses(&[(10, 20), (30, 40)]).holds(at(closing));
        assert!(!held(10), "a pause that begins at the closing comes too late");
        assert!(held(11) && held(20) && held(40));
        assert!(!held(21) && !held(30) && !held(41));
    }

    #[test]
    fn the_pieces_of_a_stretch_make_up_the_whole() {
        let pauses = pauses(&[(10, 20), (30, 40)]);
        let cut = |from, to| {
            let pieces = pauses.pieces(Span { from: at(from), to: at(to) });
            pieces.map(|p| (p.span.from.as_second(), p.span.to.as_second(), p.paused)).collect::<Vec<_>>()
        };
        assert_eq!(cut(0, 35), [(0, 10, false), (10, 20, true), (20, 30, false), (30, 35, true)]);
        assert_eq!(cut(12, 18), [(12, 18, true)]);
        assert_eq!(cut(20, 30), [(20, 30, false)]);
        assert_eq!(cut(40, 40), []);
    }
}
