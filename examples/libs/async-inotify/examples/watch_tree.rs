//! Prints what happens in a directory and in all below it, by the library `async-inotify` on uring-rt.
//!
//! ```text
//! watch_tree DIR      prints until Ctrl-C, or until DIR is gone
//! watch_tree          watches a directory of its own and makes some changes in it
//! ```

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;

use async_inotify::{Event, Happened, Watch, Watcher, What};
use futures_util::future::{Either, select};
use uring_rt::signal::ctrl_c;
use uring_rt::time::{Duration, timeout};

const USAGE: &str = "usage: watch_tree [DIR]";

type Outcome = Result<(), Box<dyn Error>>;

#[uring_rt::main]
#[expect(clippy::print_stderr, reason = "a program reports its errors")]
async fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    let outcome = match args.as_slice() {
        [] => demo().await,
        [dir] if !dir.as_encoded_bytes().starts_with(b"-") => {
            watch_until_ctrl_c(Path::new(dir)).await
        }
        _ => {
            eprintln!("watch_tree: one directory at most, and no options; {USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("watch_tree: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A directory, and those below it: inotify watches each for itself.
struct Tree {
    watcher: Watcher,
    root: Watch,
    dirs: HashMap<Watch, PathBuf>,
}

impl Tree {
    fn new(root: &Path) -> io::Result<Tree> {
        let watcher = Watcher::new()?;
        let mut dirs = HashMap::new();
        let root = add_all(&watcher, root, &mut dirs)?;
        Ok(Tree {
            watcher,
            root,
            dirs,
        })
    }

    /// The next event, with the path that it is about, or `None` when the tree is gone.
    async fn next(&mut self) -> io::Result<Option<(Event, PathBuf)>> {
        loop {
            let event = self.watcher.next().await?;
            let Some(watch) = event.watch else {
                return Ok(Some((event, PathBuf::new())));
            };
            if event.what.contains(Happened::IGNORED) {
                // The last event of a directory that is gone.
                self.dirs.remove(&watch);
                if watch == self.root {
                    return Ok(None);
                }
                continue;
            }
            let Some(dir) = self.dirs.get(&watch) else {
                continue;
            };
            let path = event
                .name
                .as_ref()
                .map_or(dir.clone(), |name| dir.join(name));
            let is_new = event.what.intersects(Happened::CREATE | Happened::MOVED_TO);
            if is_new && event.what.contains(Happened::ISDIR) {
                match add_all(&self.watcher, &path, &mut self.dirs) {
                    // It may be gone again by now.
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            return Ok(Some((event, path)));
        }
    }
}

/// Watches a directory and those in it.
fn add_all(watcher: &Watcher, dir: &Path, dirs: &mut HashMap<Watch, PathBuf>) -> io::Result<Watch> {
    let what = What::CREATE
        | What::CLOSE_WRITE
        | What::MOVE
        | What::DELETE
        | What::DELETE_SELF
        | What::ONLYDIR
        | What::DONT_FOLLOW;
    // First the watch and then the look: what comes in between is seen twice rather than never.
    let watch = watcher.add(dir, what)?;
    dirs.insert(watch, dir.to_owned());
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            add_all(watcher, &entry.path(), dirs)?;
        }
    }
    Ok(watch)
}

async fn watch_until_ctrl_c(dir: &Path) -> Outcome {
    let tree =
        Tree::new(dir).map_err(|error| format!("cannot watch {}: {error}", dir.display()))?;
    writeln!(
        io::stdout(),
        "watching {} directories; Ctrl-C ends",
        tree.dirs.len()
    )?;
    match select(pin!(print_events(tree)), pin!(ctrl_c())).await {
        Either::Left((printed, _)) => printed,
        Either::Right((interrupted, _)) => Ok(interrupted?),
    }
}

/// Prints until the tree is gone.
async fn print_events(mut tree: Tree) -> Outcome {
    while let Some((event, path)) = tree.next().await? {
        writeln!(io::stdout(), "{:<11} {}", verb(event.what), path.display())?;
    }
    Ok(())
}

fn verb(what: Happened) -> &'static str {
    let verbs = [
        (Happened::CREATE, "created"),
        (Happened::CLOSE_WRITE, "written"),
        (Happened::MOVED_FROM, "moved from"),
        (Happened::MOVED_TO, "moved to"),
        (Happened::DELETE, "deleted"),
        (Happened::DELETE_SELF, "gone"),
        (Happened::QUEUE_OVERFLOW, "events lost"),
    ];
    let found = verbs.iter().find(|(flag, _)| what.contains(*flag));
    found.map_or("changed", |(_, verb)| verb)
}

/// Makes changes, and waits for each to be seen before the next.
async fn demo() -> Outcome {
    let root = env::temp_dir().join(format!("uring-rt-tree-{}", std::process::id()));
    fs::create_dir(&root)?;
    let mut tree = Tree::new(&root)?;
    let (attic, cellar) = (root.join("attic"), root.join("cellar"));
    fs::create_dir(&attic)?;
    expect(&mut tree, "created", &attic).await?;
    // In a directory that was not there when the watch began.
    fs::write(attic.join("letter"), "Dear kernel,")?;
    expect(&mut tree, "created", &attic.join("letter")).await?;
    expect(&mut tree, "written", &attic.join("letter")).await?;
    fs::create_dir(&cellar)?;
    expect(&mut tree, "created", &cellar).await?;
    fs::rename(attic.join("letter"), cellar.join("letter"))?;
    expect(&mut tree, "moved from", &attic.join("letter")).await?;
    expect(&mut tree, "moved to", &cellar.join("letter")).await?;
    fs::remove_dir_all(&root)?;
    print_events(tree).await
}

async fn expect(tree: &mut Tree, happened: &str, path: &Path) -> Outcome {
    let next = timeout(Duration::from_secs(10), tree.next()).await??;
    let (event, seen) = next.ok_or("the tree is gone")?;
    writeln!(io::stdout(), "{:<11} {}", verb(event.what), seen.display())?;
    if verb(event.what) != happened || seen != path {
        return Err(format!("expected: {happened} {}", path.display()).into());
    }
    Ok(())
}
