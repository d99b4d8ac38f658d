//! Files of async-fs, whose calls run on threads of its own and wake our tasks.

use async_fs::{OpenOptions, create_dir, read_dir, read_to_string, remove_dir_all, rename, write};
use futures_util::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, StreamExt};
use std::io::{ErrorKind, SeekFrom};

use crate::support::for_each_backend;

#[test]
fn files_are_written_found_read_and_removed() {
    for_each_backend(async || {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("letters");
        create_dir(&dir).await.unwrap();
        write(dir.join("draft"), "Dear kernel,\n").await.unwrap();
        rename(dir.join("draft"), dir.join("letter")).await.unwrap();

        let mut options = OpenOptions::new();
        let open = options.read(true).append(true).open(dir.join("letter"));
        let mut file = open.await.unwrap();
        let body = "wake me.\n".repeat(20_000);
        file.write_all(body.as_bytes()).await.unwrap();
        file.sync_all().await.unwrap();
        file.seek(SeekFrom::Start(5)).await.unwrap();
        let mut word = [0; 6];
        file.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"kernel");

        let lines = futures_util::io::BufReader::new(file).lines();
        assert_eq!(lines.count().await, 1 + 20_000);
        let names: Vec<_> = read_dir(&dir)
            .await
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect()
            .await;
        assert_eq!(names, ["letter"]);
        let text = read_to_string(dir.join("letter")).await.unwrap();
        assert!(text == format!("Dear kernel,\n{body}"));
        remove_dir_all(&dir).await.unwrap();
        let error = read_to_string(dir.join("letter")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    });
}
