//! The adapter in process: the table of refusals in every way to ask, and what is special to actix-web; and the wire
//! where only a real socket shows the truth.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod apps;
mod extract;
mod house;
mod middleware;
mod mount;
mod protected;
mod ready;
mod wire;

mod wraps {
    jeton_testkit::refusal_table!(crate::apps::Wraps);
    jeton_testkit::mounted_refusals!(crate::apps::Wraps);
}

mod extractors {
    jeton_testkit::refusal_table!(crate::apps::Extractors);
}

mod requirements {
    jeton_testkit::refusal_table!(crate::apps::Requirements);
}

mod registered {
    jeton_testkit::refusal_table!(crate::apps::Registered);
    jeton_testkit::mounted_refusals!(crate::apps::Registered);
}
