//! The outputs in a `.env` file, under the names that publish and consume look for.

use std::io::Write;
use std::path::Path;

use crate::command::stack::{self, Outputs};
use crate::config::with_variables;
use crate::exit::Failure;

/// Writes the outputs into a file and keeps everything else in it; the names that were written.
pub fn write(path: &Path, outputs: &Outputs) -> Result<Vec<String>, Failure> {
    let cant = |error: std::io::Error| Failure::new(format!("Can't write {}", path.display())).why(error);
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(cant(error)),
    };
    let mut variables: Vec<(String, String)> =
        outputs.iter().map(|(key, value)| (variable(key), value.clone())).collect();
    // Whoever uses the old name of the topic goes on using it.
    let uses_arn = text.lines().any(|line| line.trim_start().trim_start_matches("export ").starts_with("ARN="));
    if let Some(arn) = outputs.get(stack::TOPIC_ARN).filter(|_| uses_arn) {
        variables.push(("ARN".into(), arn.clone()));
    }
    // The content first, then the name: a crash leaves the old file or the new one.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = folder.join(format!(".{name}.new"));
    let written = std::fs::File::create(&new).and_then(|mut file| {
        // The file may hold keys: who could read it before may read it after, nobody else.
        if let Ok(old) = std::fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        file.write_all(with_variables(&text, &variables).as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    });
    if let Err(error) = written {
        // It may never have been created.
        let _ = std::fs::remove_file(&new);
        return Err(cant(error));
    }
    Ok(variables.into_iter().map(|(name, _)| name).collect())
}

/// The variable for an output: those that commands read have names of their own, the others are spelled out.
fn variable(output: &str) -> String {
    match output {
        stack::TOPIC_ARN => "TOPIC_ARN".into(),
        stack::ORDERS_QUEUE_URL => "URL_ORDERS".into(),
        stack::PAYMENTS_QUEUE_URL => "URL_PAYMENTS".into(),
        other => {
            let mut name = String::new();
            for c in other.chars() {
                if c.is_ascii_uppercase() && !name.is_empty() {
                    name.push('_');
                }
                name.push(c.to_ascii_uppercase());
            }
            name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_join_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        std::fs::write(&path, "SECRET_KEY=s3cr3t\nARN=old\n").unwrap();
        let outputs = Outputs::from([
            ("TopicArn".to_owned(), "arn:new".to_owned()),
            ("OrdersQueueUrl".to_owned(), "http://o".to_owned()),
            ("BucketName".to_owned(), "b".to_owned()),
        ]);
        write(&path, &outputs).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("SECRET_KEY=s3cr3t\nARN=arn:new\n"), "{text}");
        for line in ["TOPIC_ARN=arn:new", "URL_ORDERS=http://o", "BUCKET_NAME=b"] {
            assert!(text.lines().any(|l| l == line), "{text}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
