use super::{Args, Backend, CratePath, Seed, args, integer, string};
use crate::token::lex::lex;
use crate::token::{Delim, Token};

fn ok(text: &str) -> Args {
    args(&lex(text)).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// The message, and the underlined tokens as text.
fn mistake(text: &str) -> (String, String) {
    let tokens = lex(text);
    let error = args(&tokens).expect_err(text);
    let spelled: Vec<String> = tokens[error.tokens].iter().map(Token::to_string).collect();
    (error.message, spelled.join(" "))
}

#[track_caller]
fn rejects(text: &str, message: &str, underlined: &str) {
    assert_eq!(
        mistake(text),
        (message.to_owned(), underlined.to_owned()),
        "{text}"
    );
}

#[test]
fn no_arguments_leave_every_default_alone() {
    assert_eq!(ok(""), Args::default());
}

#[test]
fn all_arguments_are_read_in_any_order_with_a_trailing_comma() {
    let got = ok(r#"start_paused = true, entries = 0x1_00u32, crate = "a::b", backend = "epoll","#);
    assert_eq!(got.start_paused, Some(true));
    assert_eq!(got.entries, Some(256));
    assert_eq!(got.backend, Some(Backend::Epoll));
    assert_eq!(got.crate_path, Some(CratePath::Text("a::b".into(), 10)));
}

#[test]
fn each_backend_has_its_name() {
    for (name, backend) in [
        ("auto", Backend::Auto),
        ("io_uring", Backend::IoUring),
        ("epoll", Backend::Epoll),
    ] {
        assert_eq!(ok(&format!("backend = \"{name}\"")).backend, Some(backend));
    }
}

#[test]
fn a_crate_path_may_be_tokens() {
    assert_eq!(
        ok("crate = ::a::b").crate_path,
        Some(CratePath::Tokens(2..8))
    );
    assert_eq!(
        ok("crate = crate").crate_path,
        Some(CratePath::Tokens(2..3))
    );
}

#[test]
fn the_one_thread_flavors_of_tokio_are_accepted() {
    assert_eq!(ok(r#"flavor = "current_thread""#).backend, None);
    let (message, underlined) = mistake(r#"flavor = "multi_thread""#);
    assert!(message.contains("one thread"), "{message}");
    assert_eq!(underlined, "\"multi_thread\"");
    assert!(mistake("worker_threads = 4").0.contains("uring_rt::shard"));
}

#[test]
fn an_unknown_argument_is_named_with_the_known_ones() {
    rejects(
        "entires = 8",
        "unknown argument `entires`; expected `backend`, `entries`, `start_paused`, `seed` or `crate`",
        "entires",
    );
}

#[test]
fn a_repeated_argument_is_underlined_where_it_is_repeated() {
    let tokens = lex("entries = 8, entries = 8");
    let error = args(&tokens).expect_err("repeated");
    assert_eq!(error.message, "argument `entries` is given more than once");
    assert_eq!(error.tokens, 4..5);
    assert!(args(&lex("crate = a, crate = \"a\"")).is_err());
}

#[test]
fn entries_are_within_what_the_kernel_allows() {
    let message = "`entries` takes an integer literal from 1 to 32768";
    assert_eq!(ok("entries = 1").entries, Some(1));
    assert_eq!(ok("entries = 32768").entries, Some(32_768));
    rejects("entries = 0", message, "0");
    rejects("entries = 32769", message, "32769");
    rejects("entries = -1", message, "- 1");
    rejects("entries = 8u8", message, "8u8");
    rejects("entries = \"8\"", message, "\"8\"");
    rejects("entries = N", message, "N");
    rejects("entries = (8)", message, "(");
    rejects("entries = 99999999999", message, "99999999999");
}

#[test]
fn a_seed_is_any_number_of_64_bits_or_a_random_one() {
    assert_eq!(ok("seed = 0").seed, Some(Seed::Number(0)));
    assert_eq!(
        ok("seed = 0xdead_beef_u64").seed,
        Some(Seed::Number(0xdead_beef))
    );
    let largest = format!("seed = {}", u64::MAX);
    assert_eq!(ok(&largest).seed, Some(Seed::Number(u64::MAX)));
    assert_eq!(ok("seed = \"random\"").seed, Some(Seed::Random));
    let message = format!(
        "`seed` takes an integer literal from 0 to {}, or \"random\"",
        u64::MAX
    );
    rejects("seed = -1", &message, "- 1");
    rejects("seed = 7u32", &message, "7u32");
    rejects(
        "seed = 18446744073709551616",
        &message,
        "18446744073709551616",
    );
    rejects("seed = \"7\"", &message, "\"7\"");
    rejects("seed = random", &message, "random");
}

#[test]
fn a_value_of_the_wrong_kind_is_underlined() {
    let backend = "`backend` takes \"auto\", \"io_uring\" or \"epoll\"";
    rejects("backend = \"kqueue\"", backend, "\"kqueue\"");
    rejects("backend = epoll", backend, "epoll");
    rejects("backend = - \"epoll\"", backend, "- \"epoll\"");
    let paused = "`start_paused` takes `true` or `false`";
    rejects("start_paused = 1", paused, "1");
    rejects("start_paused = \"true\"", paused, "\"true\"");
}

#[test]
fn a_crate_that_is_no_path_is_underlined_whole() {
    let message = "`crate` takes a path: `crate = a::b` or `crate = \"a::b\"`";
    rejects("crate = 1", message, "1");
    rejects("crate = \"a b\"", message, "\"a b\"");
    rejects("crate = \"é\"", message, "\"é\"");
    rejects("crate = \"\"", message, "\"\"");
    rejects("crate = a::", message, "a : :");
    rejects("crate = (a)", message, "(");
    rejects("crate =", message, "=");
}

#[test]
fn what_is_missing_is_named() {
    rejects("entries", "expected `entries = value`", "entries");
    rejects("entries,", "expected `entries = value`", ",");
    rejects("entries =", "expected `entries = value`", "=");
    rejects("entries = -", "expected `entries = value`", "-");
    rejects(
        "entries = , backend = \"auto\"",
        "expected `entries = value`",
        ",",
    );
    rejects("\"epoll\"", "expected `argument = value`", "\"epoll\"");
    rejects(",", "expected `argument = value`", ",");
    rejects(
        "entries = 8 start_paused = true",
        "expected `,`, found `start_paused`",
        "start_paused",
    );
}

#[test]
fn literals_are_decoded() {
    assert_eq!(string("\"a\""), Some("a"));
    assert_eq!(string("r#\"a\"#"), Some("a"));
    assert_eq!(string("\"\\u{61}\""), None);
    assert_eq!(string("b\"a\""), None);
    assert_eq!(string("\"a\"suffix"), None);
    assert_eq!(string("'a'"), None);
    assert_eq!(integer("1_000", "u32"), Some(1_000));
    assert_eq!(integer("0o17", "u32"), Some(15));
    assert_eq!(integer("0b1010_1010", "u32"), Some(0xaa));
    assert_eq!(integer("1.0", "u32"), None);
    assert_eq!(integer("0x", "u32"), None);
}

/// Every mistake must point into the list, or the span look-up has nothing to
/// underline. Random soup of the grammar's own words reaches deep enough.
#[test]
fn no_token_soup_panics_or_points_outside() {
    let words = [
        "backend",
        "entries",
        "start_paused",
        "crate",
        "flavor",
        "=",
        "=",
        ",",
        "::",
        "-",
        "1",
        "0x",
        "\"epoll\"",
        "\"a::b\"",
        "\"\\\"",
        "true",
        "(a)",
        "é",
    ];
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        let mut tokens = Vec::new();
        for _ in 0..seed % 9 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let pick = usize::try_from(seed >> 40).expect("24 bits") % (words.len() + 1);
            match words.get(pick) {
                Some(word) => tokens.extend(lex(word)),
                None => tokens.push(Token::Group(Delim::None, Vec::new())),
            }
        }
        seed = seed.wrapping_add(1);
        if let Err(error) = args(&tokens) {
            assert!(!error.tokens.is_empty(), "{tokens:?}: {error:?}");
            assert!(error.tokens.end <= tokens.len(), "{tokens:?}: {error:?}");
        }
    }
}
