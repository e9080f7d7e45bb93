//! Appeals: the other parties are told of one with its grounds and until when they can reply, and all of what came of it.

use redress_domain::PartyKind;
use redress_proto::resolution::v1 as resolution;
use redress_proto::types::v1::{AwaitedParty, Sealed};

use super::case::Case;
use super::contents::{Drafts, Scene, code, parts, side, time};
use super::fact::Fact;
use super::money::orders;
use crate::app::draft::{Draft, fields};
use crate::domain::kind::{NoticeKind, Role};
use crate::domain::part::Reading;
use crate::store::fact::Kept;
use crate::store::notice::Addressee;

/// An appeal that was filed, by itself or by rejecting a result.
pub(super) struct Appeal<'a> {
    appellant: resolution::CaseParty,
    sealed: Option<&'a Sealed>,
    reply_until: Option<&'a pbjson_types::Timestamp>,
}

impl<'a> Appeal<'a> {
    /// The appeal that a fact files, with its id; none if it files none.
    pub(super) fn of(fact: &'a Fact) -> Option<(&'a str, Self)> {
        match fact {
            Fact::AppealFiled(filed) => {
                let appellant = filed.appellant.clone().unwrap_or_default();
                let (sealed, reply_until) = (filed.sealed.as_ref(), filed.reply_until.as_ref());
                Some((filed.appeal_id.as_str(), Self { appellant, sealed, reply_until }))
            }
            Fact::ResultRejected(rejected) if rejected.appeal => {
                let role = AwaitedParty::Complainant.into();
                let appellant = resolution::CaseParty { role, respondent_ref: String::new() };
                let (sealed, reply_until) = (rejected.sealed.as_ref(), rejected.reply_until.as_ref());
                Some((rejected.appeal_id.as_str(), Self { appellant, sealed, reply_until }))
            }
            _ => None,
        }
    }

    fn is_by(&self, to: &Addressee) -> bool {
        side(Some(&self.appellant)) == to.role
            && (to.role == Role::Complainant || self.appellant.respondent_ref == to.reference)
    }
}

impl Scene<'_> {
    /// N08 to the other parties, with the grounds as they may read them. Nobody is written to who is not waited for: the
    /// platform sees whatever its staff handle.
    pub(super) fn appeal_filed(&self, appeal: &Appeal<'_>) -> Drafts {
        if appeal.reply_until.is_none() {
            return Ok(Vec::new());
        }
        let texts = fields([
            ("done", "appeal_filed".to_owned()),
            ("next_step", "appeal_filed_next".to_owned()),
            ("expected_at", time(appeal.reply_until)),
        ]);
        let grounds = parts(appeal.sealed, &[("grounds", Reading::GroundsToOthers)]);
        let others = |to: &Addressee| !appeal.is_by(to) && to.kind != PartyKind::Platform;
        let to = self.everybody().into_iter().filter(others);
        to.map(|to| Draft::new(NoticeKind::Progress, to, texts.clone(), grounds.clone())).collect()
    }

    /// N15 to the appellant, whose own grounds it repeats, and to the others.
    pub(super) fn appeal_decided(&self, decided: &resolution::AppealDecided) -> Drafts {
        let appeal = self.case.appeal(self.kept, &decided.appeal_id);
        let texts = fields([
            ("appeal_result", code(decided.appeal_outcome().as_str_name(), "APPEAL_OUTCOME_")),
            ("remedy", orders(&decided.terms)),
            ("decided_by", self.decided_by()),
            ("decided_at", self.kept.at.to_string()),
        ]);
        let answers = parts(decided.sealed.as_ref(), &[("answers", Reading::Answers)]);
        let sealed = appeal.as_ref().and_then(|appeal| appeal.sealed);
        let grounds = parts(sealed, &[("grounds", Reading::Grounds)]);
        self.everybody()
            .into_iter()
            .map(|to| {
                let mut parts = answers.clone();
                if appeal.as_ref().is_some_and(|appeal| appeal.is_by(&to)) {
                    parts.extend(grounds.clone());
                }
                Draft::new(NoticeKind::Appeal, to, texts.clone(), parts)
            })
            .collect()
    }
}

impl Case<'_> {
    /// The appeal of this id.
    fn appeal(&self, kept: &Kept, id: &str) -> Option<Appeal<'_>> {
        self.before(kept)
            .filter_map(|(_, fact)| Appeal::of(fact))
            .find(|(of, _)| *of == id)
            .map(|(_, one)| one)
    }
}
