//! Reads the names and numbers out of the crate's own source text, so that no list has to be kept beside it and none can
//! be forgotten. The text is what the compiler compiled, and it has proven the layout assertions there.

/// One number that the C side must have as well.
#[derive(Debug)]
pub(crate) struct Claim {
    /// As in this crate, for messages.
    pub(crate) name: String,
    /// The C expression.
    pub(crate) c: String,
    pub(crate) value: u64,
}

const CONSTANTS: [&str; 4] = [
    include_str!("../../src/abi/flags.rs"),
    include_str!("../../src/abi/opcodes.rs"),
    include_str!("../../src/abi/poll.rs"),
    include_str!("../../src/abi/registers.rs"),
];
const RECORDS: &str = include_str!("../../src/abi/records.rs");

/// Fields that stand for a union, or that the header renamed: (record, field, older and newer C names).
const RENAMED: [(&str, &str, &[&str]); 6] = [
    ("io_uring_sqe", "op_flags", &["poll32_events"]),
    ("io_uring_sqe", "pad2", &["__pad2"]),
    ("io_sqring_offsets", "user_addr", &["resv2", "user_addr"]),
    ("io_cqring_offsets", "user_addr", &["resv2", "user_addr"]),
    (
        "io_uring_getevents_arg",
        "min_wait_usec",
        &["pad", "min_wait_usec"],
    ),
    ("io_uring_restriction", "op", &["sqe_op"]),
];

/// Every `pub const` of the ABI.
pub(crate) fn constants() -> Vec<Claim> {
    let lines = CONSTANTS.iter().flat_map(|text| text.lines());
    lines
        .filter_map(|line| line.strip_prefix("pub const "))
        .map(|rest| {
            let (name, rest) = rest.split_once(": ").expect("a type");
            let (_, value) = rest.split_once(" = ").expect("a value in the same line");
            let value = number(value.trim_end_matches(';'));
            Claim {
                name: name.to_owned(),
                c: format!("({name})"),
                value,
            }
        })
        .collect()
}

/// Every asserted size and offset. A renamed field is claimed under each of its names.
pub(crate) fn layout() -> Vec<Claim> {
    let text = RECORDS.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut claims = Vec::new();
    for part in text.split("size_of::<").skip(1) {
        if let Some((record, rest)) = part.split_once(">() == ") {
            claims.push(size(record, number(leading_number(rest))));
        }
    }
    for part in text.split("offset_of!(").skip(1) {
        let (path, rest) = part
            .split_once(") == ")
            .expect("an offset that is compared");
        let (record, field) = path.split_once(", ").expect("a record and a field");
        let value = number(leading_number(rest));
        claims.extend(c_names(record, field).into_iter().map(|c_field| Claim {
            name: format!("{record}.{field} as {c_field}"),
            c: format!("offsetof(struct {record}, {c_field})"),
            value,
        }));
    }
    claims
}

fn size(record: &str, value: u64) -> Claim {
    Claim {
        name: format!("size of {record}"),
        c: format!("sizeof(struct {record})"),
        value,
    }
}

fn c_names<'a>(record: &str, field: &'a str) -> Vec<&'a str> {
    RENAMED
        .iter()
        .find(|(in_record, ours, _)| (*in_record, *ours) == (record, field))
        .map_or_else(|| vec![field], |(_, _, names)| names.to_vec())
}

fn leading_number(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap_or_default()
}

/// The only forms a value has: `N`, `0xN`, `1 << N`.
fn number(text: &str) -> u64 {
    let parsed = match (text.strip_prefix("1 << "), text.strip_prefix("0x")) {
        (Some(bit), _) => bit.parse().map(|bit: u32| 1 << bit),
        (_, Some(hex)) => u64::from_str_radix(hex, 16),
        _ => text.parse(),
    };
    parsed.unwrap_or_else(|_| panic!("not a plain number: {text}"))
}

#[test]
fn the_source_is_understood() {
    let (constants, layout) = (constants(), layout());
    let value = |name: &str| {
        constants
            .iter()
            .find(|claim| claim.name == name)
            .unwrap()
            .value
    };
    assert_eq!(value("POLLIN"), u64::from(uring_sys::abi::POLLIN));
    assert_eq!(value("IORING_OFF_SQES"), uring_sys::abi::IORING_OFF_SQES);
    assert_eq!(
        value("IORING_OP_PIPE"),
        u64::from(uring_sys::abi::IORING_OP_PIPE)
    );
    assert_eq!(
        value("IORING_REGISTER_USE_REGISTERED_RING"),
        u64::from(uring_sys::abi::IORING_REGISTER_USE_REGISTERED_RING)
    );
    let written = CONSTANTS
        .iter()
        .map(|text| text.matches("pub const ").count())
        .sum::<usize>();
    assert_eq!(constants.len(), written, "every constant is found");
    assert!(
        layout.len() >= RECORDS.matches("offset_of!(").count(),
        "every asserted offset is found"
    );
    let records = RECORDS.matches("pub struct ").count();
    let sizes = layout
        .iter()
        .filter(|claim| claim.name.starts_with("size of "))
        .count();
    assert_eq!(sizes, records, "every record's size is asserted");
}
