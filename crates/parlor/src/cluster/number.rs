//! Which node this is: a number that is drawn once for its data folder, so that the others know it again when it starts anew.

use std::fs;
use std::io::ErrorKind;

use super::ClusterError;
use crate::data::DataFolder;
use crate::identity::random;

/// The number of the node that has this folder.
pub(super) fn of(data: &DataFolder) -> Result<u64, ClusterError> {
    let file = data.node_file();
    let read = match fs::read_to_string(&file) {
        Ok(text) => u64::from_str_radix(text.trim(), 16).ok(),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(ClusterError::File(file, error)),
    };
    if let Some(number) = read {
        return Ok(number);
    }
    // What is damaged is drawn again: then this is another node to the others.
    let number = random();
    fs::write(&file, format!("{number:016x}\n")).map_err(|error| ClusterError::File(file, error))?;
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_folder_keeps_its_number() {
        let folder = Scratch::new();
        let data = DataFolder::open(folder.path()).unwrap();
        let number = of(&data).unwrap();
        assert_eq!(of(&data).unwrap(), number);
        fs::write(data.node_file(), "damaged").unwrap();
        assert_ne!(of(&data).unwrap(), number);
    }
}
