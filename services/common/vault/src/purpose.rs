use std::fmt;

/// What a sealed field is opened for. Part of the access record (law.md, L50 and L53: minimum scope, views logged).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A machine reads the text to find category, severity and respondents.
    Classification,
    /// A person handles the complaint.
    CaseHandling,
    /// A notice must reach its recipient.
    Notification,
    /// A party reads what it sent itself.
    OwnData,
    /// A subject exercises a right to a copy, a correction or an erasure.
    SubjectRequest,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 5] =
        [Self::Classification, Self::CaseHandling, Self::Notification, Self::OwnData, Self::SubjectRequest];

    /// The stable code, as access records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Classification => "classification",
            Self::CaseHandling => "case_handling",
            Self::Notification => "notification",
            Self::OwnData => "own_data",
            Self::SubjectRequest => "subject_request",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What kind of value a blind index stands for; equal texts of two kinds have unrelated indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IndexKind {
    /// A telephone number in the form of [`normalise_phone`](crate::normalise_phone).
    Phone,
    /// An e-mail address in the form of [`normalise_email`](crate::normalise_email).
    Email,
    /// The platform's own identifier of a party, as given.
    PartyReference,
}

impl IndexKind {
    /// The stable code; a change makes every stored index of the kind unfindable.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::PartyReference => "party_reference",
        }
    }
}
