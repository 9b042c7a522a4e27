//! The scripts: each write is one, so that it is done whole or not at all.

use std::sync::LazyLock;

use redis::Script;

macro_rules! scripts {
    ($flags:literal: $($name:ident = $file:literal),* $(,)?) => {$(
        pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!("#!lua", $flags, "\n", include_str!("scripts/common.lua"), include_str!($file)))
        });
    )*};
}

scripts! { "":
    ANNOUNCE = "scripts/announce.lua",
    APPEND = "scripts/append.lua",
    GIVE_NAME_BACK = "scripts/give_name_back.lua",
    LONGEST = "scripts/longest.lua",
    PRUNE_AUDIT = "scripts/prune_audit.lua",
    PRUNE_NAMES = "scripts/prune_names.lua",
    PRUNE_TOMBSTONES = "scripts/prune_tombstones.lua",
    PUT_AUDIENCE = "scripts/put_audience.lua",
    RESTORE = "scripts/restore.lua",
    TAKE_NAME = "scripts/take_name.lua",
    TOUCH = "scripts/touch.lua",
    TRIM = "scripts/trim.lua",
    WRITE = "scripts/write.lua",
    WRITE_KEY = "scripts/write_key.lua",
}

scripts! { " flags=no-writes":
    AUDIENCES = "scripts/audiences.lua",
    AUDIT = "scripts/audit.lua",
    CHANGES = "scripts/changes.lua",
    FIND = "scripts/find.lua",
    KEYS = "scripts/keys.lua",
    LIST = "scripts/list.lua",
    PING = "scripts/ping.lua",
    SIZES = "scripts/sizes.lua",
}

/// There is nothing yet that it could have in common with the others.
pub(crate) static OPEN: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!("#!lua\n", include_str!("scripts/open.lua"))));
