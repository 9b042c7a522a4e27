//! The adapter in process: the table of refusals in every way to ask, and what is special to axum.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod apps;
mod extract;
mod house;
mod mount;
mod protected;
mod wire;

mod layers {
    jeton_testkit::refusal_table!(crate::apps::Layers);
    jeton_testkit::mounted_refusals!(crate::apps::Layers);
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
