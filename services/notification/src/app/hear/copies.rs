//! A side is told that what was brought against it lies before it, and until when it is waited for (F003, F025).

use jiff::Timestamp;
use redress_proto::convert::from_wire_time;
use redress_proto::investigation::v1::{Audience, RenditionProduced};

use super::case::Case;
use super::contents::{Drafts, Scene};
use super::fact::Fact;
use crate::app::draft::{Draft, fields};
use crate::domain::kind::{NoticeKind, Role};
use crate::store::fact::Kept;

impl Scene<'_> {
    /// N08 to the side that was shown a copy. Pieces are shown one after the other: while the time of one letter runs, the
    /// side is looking already, and is not written to for each of them.
    pub(super) fn copy_shown(&self, copy: &RenditionProduced) -> Drafts {
        let (Some(role), Some(until)) = (side(copy), until(copy)) else { return Ok(Vec::new()) };
        if until <= self.kept.at || self.case.copies_told_until(self.kept, copy) > self.kept.at {
            return Ok(Vec::new());
        }
        let texts = fields([
            ("done", "copy_shown".to_owned()),
            ("next_step", "copy_shown_next".to_owned()),
            ("expected_at", until.to_string()),
        ]);
        let of_side = self.everybody().into_iter().filter(|addressee| addressee.role == role);
        of_side.map(|to| Draft::new(NoticeKind::Progress, to, texts.clone(), Vec::new())).collect()
    }
}

impl Case<'_> {
    /// Until when the side was to look by the last letter about a copy, as far as one was written before `kept`.
    fn copies_told_until(&self, kept: &Kept, copy: &RenditionProduced) -> Timestamp {
        let mut told_until = Timestamp::MIN;
        for (earlier, fact) in self.before(kept) {
            let Fact::RenditionProduced(earlier_copy) = fact else { continue };
            let Some(until) = until(earlier_copy).filter(|_| side(earlier_copy) == side(copy)) else {
                continue;
            };
            if until > earlier.at && told_until <= earlier.at {
                told_until = until;
            }
        }
        told_until
    }
}

fn side(copy: &RenditionProduced) -> Option<Role> {
    match copy.audience() {
        Audience::Complainant => Some(Role::Complainant),
        Audience::Respondent => Some(Role::Respondent),
        Audience::Expert | Audience::Unspecified => None,
    }
}

fn until(copy: &RenditionProduced) -> Option<Timestamp> {
    copy.answer_until.as_ref().and_then(|until| from_wire_time(until).ok())
}
