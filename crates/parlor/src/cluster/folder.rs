//! Whose data folder it is: a server's that is alone, or a node's. What one of them appended is not in the other's order, so
//! neither may go on with the folder of the other.

use std::fs;
use std::io::ErrorKind;

use super::ClusterError;
use crate::data::DataFolder;

/// Makes sure that a folder holds no node's copy.
pub(super) fn is_alone(data: &DataFolder) -> Result<(), ClusterError> {
    match (space_of(data)?, data.chat_file().exists()) {
        (Some(space), true) => Err(ClusterError::Another(data.path().to_owned(), space)),
        // The node never came to have anything.
        (Some(_), false) => {
            let file = data.cluster_file();
            fs::remove_file(&file).map_err(|error| ClusterError::File(file, error))
        }
        (None, _) => Ok(()),
    }
}

/// Makes sure that a folder is that of a node of this space, which an empty one becomes.
pub(super) fn belongs_to(data: &DataFolder, space: &str) -> Result<(), ClusterError> {
    match (space_of(data)?, data.chat_file().exists()) {
        (Some(found), _) if found == space => Ok(()),
        (Some(found), true) => Err(ClusterError::Another(data.path().to_owned(), found)),
        (None, true) => Err(ClusterError::Alone(data.path().to_owned())),
        (_, false) => becomes(data, space),
    }
}

/// Makes a folder that of a node of this space.
pub(super) fn becomes(data: &DataFolder, space: &str) -> Result<(), ClusterError> {
    let file = data.cluster_file();
    fs::write(&file, space).map_err(|error| ClusterError::File(file, error))
}

/// The space whose node has this folder.
fn space_of(data: &DataFolder) -> Result<Option<String>, ClusterError> {
    let file = data.cluster_file();
    match fs::read_to_string(&file) {
        Ok(space) => Ok(Some(space)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ClusterError::File(file, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_folder_stays_with_whom_it_was_made_for() {
        let folder = Scratch::new();
        let data = DataFolder::open(folder.path()).unwrap();
        belongs_to(&data, "main").unwrap();
        is_alone(&data).unwrap();
        assert!(!data.cluster_file().exists(), "without data it is nobody's");

        belongs_to(&data, "main").unwrap();
        fs::write(data.chat_file(), "").unwrap();
        belongs_to(&data, "main").unwrap();
        assert!(belongs_to(&data, "other").unwrap_err().to_string().contains("--cluster-space main"));
        assert!(is_alone(&data).unwrap_err().to_string().contains("--cluster ADDR"));

        fs::remove_file(data.cluster_file()).unwrap();
        is_alone(&data).unwrap();
        assert!(belongs_to(&data, "main").unwrap_err().to_string().contains("a server of its own"));
    }
}
