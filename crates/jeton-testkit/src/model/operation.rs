//! What is done in a sequence. Places are numbers of any size, of which the rest counts: so every sequence makes sense,
//! and a shorter one too.

use proptest::{collection::vec, prelude::*, sample::select};

/// How many users there are.
pub(super) const USERS: usize = 2;

/// The roles and scopes that tokens and users may have.
pub(super) const ROLES: [&str; 2] = ["reader", "writer"];
pub(super) const SCOPES: [&str; 2] = ["extra", "reports:read"];

#[derive(Clone, Debug)]
pub(super) struct Sequence {
    /// The grace of replaced personal tokens, in seconds.
    pub(super) personal_grace: u64,
    /// What is done, and on which node.
    pub(super) operations: Vec<(Operation, bool)>,
}

/// Which of the roles and scopes: bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) roles: u8,
    pub(super) scopes: u8,
}

/// When something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Default,
    Days(u32),
    /// So many seconds from now, or before.
    In(i64),
    Never,
}

/// What proves who exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    Token,
    Secret,
    /// A signature by the secret, for that user.
    Signature(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Operation {
    Generate {
        personal: bool,
        subject: Option<usize>,
        rights: Rights,
        begin: i64,
        end: End,
        secret: bool,
    },
    /// By the user itself.
    GenerateOwn {
        user: usize,
        end: End,
        secret: bool,
    },
    Bind {
        record: usize,
        subject: Option<usize>,
    },
    Narrow {
        record: usize,
        rights: Rights,
    },
    SetEnd {
        record: usize,
        end: End,
    },
    Disable {
        record: usize,
    },
    Enable {
        record: usize,
    },
    Revoke {
        record: usize,
    },
    Delete {
        record: usize,
    },
    Rotate {
        record: usize,
        grace: u64,
        end: Option<End>,
    },
    Cancel {
        record: usize,
    },
    RotateItself {
        token: usize,
        grace: u64,
    },
    Exchange {
        token: usize,
        proof: Proof,
        narrowed: bool,
    },
    Reveal {
        record: usize,
    },
    /// The holder gives it up (RFC 7009).
    GiveUp {
        token: usize,
    },
    GiveUpChild {
        child: usize,
    },
    /// An access token is used.
    Use {
        child: usize,
    },
    Pass {
        seconds: u64,
    },
    /// To one of the moments at which something ends, and so many seconds beyond.
    PassTo {
        moment: usize,
        beyond: i64,
    },
    SetUser {
        user: usize,
        active: bool,
        rights: Rights,
        anew: bool,
    },
    Remove {
        user: usize,
    },
    SubjectChanged {
        user: usize,
    },
    Suspend {
        user: usize,
    },
    Restore,
}

fn rights() -> impl Strategy<Value = Rights> {
    (0..4_u8, 0..4_u8).prop_map(|(roles, scopes)| Rights { roles, scopes })
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => Just(End::Default),
        1 => Just(End::Never),
        1 => select(vec![0_u32, 1, 60]).prop_map(End::Days),
        3 => select(vec![-1_i64, 0, 1, 200, 400, 1000, 5000]).prop_map(End::In),
    ]
}

fn grace() -> impl Strategy<Value = u64> {
    select(vec![0_u64, 1, 100, 399, 400, 401, 1000])
}

fn subject() -> impl Strategy<Value = Option<usize>> {
    proptest::option::weighted(0.6, 0..USERS)
}

fn proof() -> impl Strategy<Value = Proof> {
    prop_oneof![
        4 => Just(Proof::Token),
        2 => Just(Proof::Secret),
        2 => (0..USERS).prop_map(Proof::Signature),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let at = || 0..1000_usize;
    let begin = || select(vec![-100_i64, 0, 0, 0, 0, 0, 100, 500]);
    prop_oneof![
        8 => (any::<bool>(), subject(), rights(), begin(), end(), any::<bool>()).prop_map(
            |(personal, subject, rights, begin, end, secret)| {
                Operation::Generate { personal, subject, rights, begin, end, secret }
            }
        ),
        6 => (0..USERS, end(), any::<bool>())
            .prop_map(|(user, end, secret)| Operation::GenerateOwn { user, end, secret }),
        3 => (at(), subject()).prop_map(|(record, subject)| Operation::Bind { record, subject }),
        3 => (at(), rights()).prop_map(|(record, rights)| Operation::Narrow { record, rights }),
        4 => (at(), end()).prop_map(|(record, end)| Operation::SetEnd { record, end }),
        3 => at().prop_map(|record| Operation::Disable { record }),
        3 => at().prop_map(|record| Operation::Enable { record }),
        1 => at().prop_map(|record| Operation::Revoke { record }),
        1 => at().prop_map(|record| Operation::Delete { record }),
        8 => (at(), grace(), proptest::option::weighted(0.4, end()))
            .prop_map(|(record, grace, end)| Operation::Rotate { record, grace, end }),
        5 => at().prop_map(|record| Operation::Cancel { record }),
        6 => (at(), grace()).prop_map(|(token, grace)| Operation::RotateItself { token, grace }),
        20 => (at(), proof(), any::<bool>())
            .prop_map(|(token, proof, narrowed)| Operation::Exchange { token, proof, narrowed }),
        2 => at().prop_map(|record| Operation::Reveal { record }),
        1 => at().prop_map(|token| Operation::GiveUp { token }),
        1 => at().prop_map(|child| Operation::GiveUpChild { child }),
        1 => at().prop_map(|child| Operation::Use { child }),
        3 => select(vec![1_u64, 10, 60, 300, 86_400]).prop_map(|seconds| Operation::Pass { seconds }),
        8 => (at(), -1..=1_i64).prop_map(|(moment, beyond)| Operation::PassTo { moment, beyond }),
        4 => (0..USERS, proptest::bool::weighted(0.8), rights(), proptest::bool::weighted(0.3)).prop_map(
            |(user, active, rights, anew)| Operation::SetUser { user, active, rights, anew }
        ),
        1 => (0..USERS).prop_map(|user| Operation::Remove { user }),
        3 => (0..USERS).prop_map(|user| Operation::SubjectChanged { user }),
        1 => (0..USERS).prop_map(|user| Operation::Suspend { user }),
        1 => Just(Operation::Restore),
    ]
}

pub(super) fn sequences() -> impl Strategy<Value = Sequence> {
    (select(vec![0_u64, 100, 1000]), vec((operation(), any::<bool>()), 1..60))
        .prop_map(|(personal_grace, operations)| Sequence { personal_grace, operations })
}
