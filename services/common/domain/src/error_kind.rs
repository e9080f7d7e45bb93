/// The kinds of failure, few enough for one exhaustive table per transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is malformed; the same request can never succeed.
    InvalidArgument,
    /// No valid credential.
    Unauthenticated,
    /// A valid credential without the right.
    PermissionDenied,
    /// There is no such thing, or none that the caller may know of.
    NotFound,
    /// The thing exists with other content.
    AlreadyExists,
    /// The thing's state does not allow the request.
    FailedPrecondition,
    /// Somebody else was faster; read again and repeat.
    Aborted,
    /// Too much at once; repeat after the delay.
    ResourceExhausted,
    /// A dependency is away; repeat after the delay.
    Unavailable,
    /// The caller's time is over.
    DeadlineExceeded,
    /// A defect on this side.
    Internal,
}

/// What a consumer does with a record whose handling failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Wait and apply the same batch again; nothing is wrong with the record.
    Retry,
    /// Set the record aside with its cause; repeating cannot help.
    Park,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::InvalidArgument,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::NotFound,
        Self::AlreadyExists,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::ResourceExhausted,
        Self::Unavailable,
        Self::DeadlineExceeded,
        Self::Internal,
    ];

    /// The number of the gRPC status code.
    pub const fn grpc_code(self) -> i32 {
        match self {
            Self::InvalidArgument => 3,
            Self::DeadlineExceeded => 4,
            Self::NotFound => 5,
            Self::AlreadyExists => 6,
            Self::PermissionDenied => 7,
            Self::ResourceExhausted => 8,
            Self::FailedPrecondition => 9,
            Self::Aborted => 10,
            Self::Internal => 13,
            Self::Unavailable => 14,
            Self::Unauthenticated => 16,
        }
    }

    /// The HTTP status.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::InvalidArgument => 400,
            Self::Unauthenticated => 401,
            Self::PermissionDenied => 403,
            Self::NotFound => 404,
            Self::AlreadyExists | Self::Aborted => 409,
            Self::FailedPrecondition => 412,
            Self::ResourceExhausted => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
            Self::DeadlineExceeded => 504,
        }
    }

    /// What a consumer does when its handler fails so.
    pub const fn disposition(self) -> Disposition {
        match self {
            Self::Aborted | Self::ResourceExhausted | Self::Unavailable | Self::DeadlineExceeded => {
                Disposition::Retry
            }
            Self::InvalidArgument
            | Self::Unauthenticated
            | Self::PermissionDenied
            | Self::NotFound
            | Self::AlreadyExists
            | Self::FailedPrecondition
            | Self::Internal => Disposition::Park,
        }
    }

    /// The kind of a gRPC status code, where one has it.
    pub fn from_grpc_code(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.grpc_code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_survives_the_way_over_grpc() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_grpc_code(kind.grpc_code()), Some(kind));
            assert!((400..=599).contains(&kind.http_status()));
        }
        assert_eq!(ErrorKind::from_grpc_code(0), None);
    }
}
