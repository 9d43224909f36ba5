use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time;
use std::fmt;

/// Argon2id with 19 MiB, two passes, and one lane: OWASP's first choice for small machines.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The hash of a password with its salt.
#[derive(Clone)]
pub struct PasswordHash([u8; 32]);

impl PasswordHash {
    /// What the database held; `None` where it is not 32 bytes.
    pub fn stored(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// The 32 bytes, to be stored.
    pub fn into_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Whether both are the same, in a time that tells nothing of where they differ.
    pub fn matches(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

pub(super) fn argon2id(password: &[u8], salt: &[u8]) -> Result<PasswordHash, argon2::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    let mut hash = [0; 32];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password, salt, &mut hash)?;
    Ok(PasswordHash(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_argon2id_of_19_mib_two_passes_and_one_lane() {
        let hash = argon2id(b"password", b"somesaltsomesalt").unwrap();

        // By the reference implementation in C (argon2-cffi-bindings).
        let expected = "2b5dc4054886ec957ef59c73b661c54dd6fb274590b278f657c6d96aac8fa6d1";
        let hex: Vec<String> =
            hash.clone().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex.concat(), expected);
    }
}
