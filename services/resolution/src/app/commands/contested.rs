//! `NameContestedDeciders`: who made the decision that a merchant disputes takes no part in handling it (F141), here, in intake and in the
//! investigation, which hear of it by an event.

use async_trait::async_trait;
use redress_domain::{Problem, Violations};
use redress_proto::resolution::v1 as wire;
use sqlx::postgres::PgConnection;

use super::{Act, Scene};
use crate::app::standing::Standing;
use crate::domain::text::is_reference;
use crate::error::Error;

#[async_trait]
impl Act for wire::NameContestedDecidersRequest {
    fn check(&self, found: &mut Violations) {
        if self.subjects.is_empty() || self.subjects.len() > 20 {
            found.add("subjects", "OUT_OF_RANGE", "1 to 20 are expected");
        }
        for (index, _) in self.subjects.iter().enumerate().filter(|(_, s)| s.is_empty() || !is_reference(s)) {
            found.add(format!("subjects[{index}]"), "MALFORMED", "1 to 128 visible ASCII characters");
        }
    }

    async fn act(&self, scene: &mut Scene<'_>, _conn: &mut PgConnection) -> Result<(), Error> {
        if scene.standing != Standing::Staff {
            return Err(Problem::permission_denied().into());
        }
        // Those named before stay named: nobody is taken off the list to be let in.
        for subject in &self.subjects {
            if !scene.case.course.contested_deciders.contains(subject) {
                scene.case.course.contested_deciders.push(subject.clone());
            }
        }
        // All of them, each time: whoever missed an earlier telling has them now.
        let subjects = scene.case.course.contested_deciders.clone();
        scene.out.push(&wire::ContestedDecidersNamed { subjects });
        Ok(())
    }
}
