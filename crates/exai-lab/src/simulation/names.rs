//! What things are called by.

use std::fmt;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(pub(crate) u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $letter, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

name!(
    /// A host: a program with a person or an agent behind it.
    HostNo,
    "host"
);
name!(
    /// One process of a shim.
    ShimNo,
    "shim"
);
name!(
    /// One process of a daemon.
    DaemonNo,
    "daemon"
);
name!(
    /// One request that a host wrote to a shim.
    AskNo,
    "ask"
);
name!(
    /// What a host wants to know, however often it asks for it.
    QuestionNo,
    "question"
);
name!(
    /// A stretch in the life of a volume without loss: a lost or restored one begins another.
    Lineage,
    "lineage"
);
name!(
    /// A connection.
    LinkNo,
    "link"
);
