//! What is likely behind a refusal, in view of what the process can see around it.

use uring_rt::runtime::Refusal;

use crate::surroundings::Surroundings;

/// `EPERM` and the like, as in errno(3).
pub(crate) fn errno_name(errno: i32) -> String {
    format!("{:?}", nix::errno::Errno::from_raw(errno))
}

/// `None` where the remedy of the refusal says all there is to say.
pub(crate) fn of(refusal: &Refusal, around: &Surroundings) -> Option<String> {
    match refusal.errno? {
        libc::EPERM | libc::EACCES => Some(forbidden(around)),
        libc::ENOSYS if around.has_seccomp_filter() => {
            Some("a seccomp filter is installed in this process, and may hide the call".to_owned())
        }
        libc::ENOMEM => {
            let memory = around
                .limits
                .iter()
                .find(|limit| limit.name == "locked memory")?;
            let soft = memory.soft?;
            Some(format!("the limit of locked memory is {soft} bytes"))
        }
        libc::EMFILE => {
            let files = around
                .limits
                .iter()
                .find(|limit| limit.name == "open files")?;
            Some(format!(
                "{} of {} descriptors are open",
                files.in_use?, files.soft?
            ))
        }
        _ => None,
    }
}

fn forbidden(around: &Surroundings) -> String {
    match around.io_uring_disabled {
        Some(2) => "the sysctl kernel.io_uring_disabled is 2: nobody may make a ring".to_owned(),
        // A filter comes before the sysctl, but this is what remains when it lets the call pass.
        Some(1) if !around.has_seccomp_filter() => {
            "the sysctl kernel.io_uring_disabled is 1: only CAP_SYS_ADMIN and the group of kernel.io_uring_group may \
             make a ring"
                .to_owned()
        }
        _ if around.has_seccomp_filter() => {
            let count = around.seccomp_filters.unwrap_or(1);
            format!("seccomp filters on the calls of this process: {count}")
        }
        _ => "no seccomp filter and no sysctl forbids it: that leaves a security module".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(io_uring_disabled: Option<u64>, seccomp_filters: u64) -> Surroundings {
        Surroundings {
            limits: Vec::new(),
            io_uring_disabled,
            seccomp_filters: Some(seccomp_filters),
            processors: None,
        }
    }

    #[test]
    fn the_sysctl_is_named_where_it_is_what_forbids() {
        assert!(forbidden(&around(Some(2), 1)).contains("io_uring_disabled is 2"));
        assert!(forbidden(&around(Some(1), 0)).contains("io_uring_disabled is 1"));
        assert!(forbidden(&around(Some(0), 2)).ends_with("process: 2"));
        assert!(forbidden(&around(None, 1)).ends_with("process: 1"));
        assert!(forbidden(&around(None, 0)).contains("security module"));
    }

    #[test]
    fn an_errno_has_the_name_of_the_manual() {
        assert_eq!(errno_name(libc::EPERM), "EPERM");
        assert_eq!(errno_name(libc::ENOSYS), "ENOSYS");
    }
}
