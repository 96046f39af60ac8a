//! AWS's public parameters (`/aws/service/..`): this cloud's Parameter Store has none of them. With `--placeholders` those that
//! name a machine's image have an id that is made up, as only placeholders can use it.

/// What the names of these parameters begin with ("Working with public parameters").
const PREFIX: &str = "/aws/service/";

/// Whether a parameter is one of AWS's public ones.
pub(super) fn is_public(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// An id for the image that a public parameter names, always the same; `None` if it doesn't name one. Their names are in
/// "Calling AMI public parameters" and in the guides of ECS, EKS and Bottlerocket.
pub(super) fn image(name: &str) -> Option<String> {
    let place = name.strip_prefix(PREFIX)?;
    let names_image = place.starts_with("ami-") || place.contains("/ami-") || place.ends_with("/image_id");
    // FNV-1a, 64 bits: an image's id has 17 such digits.
    let hash = place
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    names_image.then(|| format!("ami-{hash:017x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_ids() {
        let linux = image("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64").unwrap();
        assert_eq!(linux.len(), "ami-0123456789abcdef0".len());
        assert_eq!(
            Some(&linux),
            image("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64").as_ref()
        );
        assert_ne!(Some(linux), image("/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base"));
        assert!(image("/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id").is_some());
        assert!(image("/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id").is_some());
        for none in ["/aws/service/global-infrastructure/regions", "/app/ami-1", "/aws/service/ecs/optimized-ami/x"] {
            assert_eq!(image(none), None, "{none}");
        }
    }
}
