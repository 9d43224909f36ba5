use crate::model::{EmailAddress, ServerSecret};

/// The salt to hash by where nobody has this address: the same at every try, and nobody else's.
///
/// With it a log-in for an unknown address does the work of one for a known address. A salt drawn
/// anew each time would do as well for the clock; this one also gives the same hash each time, as
/// a real account does, should a hash ever be compared or counted.
pub fn salt_for_unknown(secret: &ServerSecret, address: &EmailAddress) -> [u8; 16] {
    let bytes = secret.derive("unknown-salt", address.key().as_bytes());
    std::array::from_fn(|place| bytes.get(place).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_address_has_a_salt_of_its_own_that_stays() {
        let secret = ServerSecret::new(&[1; 32]);
        let address = |text| EmailAddress::parse(text).unwrap();
        let salt = |text| salt_for_unknown(&secret, &address(text));

        assert_eq!(salt("ana@example.com"), salt(" Ana@Example.com"));
        assert_ne!(salt("ana@example.com"), salt("bob@example.com"));
        assert_ne!(
            salt("ana@example.com"),
            salt_for_unknown(&ServerSecret::new(&[2; 32]), &address("ana@example.com")),
        );
    }
}
