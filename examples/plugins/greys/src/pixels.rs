/// Bytes of a pixel: red, green, blue, alpha.
pub const PIXEL_BYTES: usize = 4;

/// Gives each pixel the grey that is as light as its colour, by the weights of Rec. 709 in 1/65,536; alpha stays.
pub fn make_grey(pixels: &mut [u8]) {
    for pixel in pixels.chunks_exact_mut(PIXEL_BYTES) {
        let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
        let grey = ((13_933 * red + 46_871 * green + 4_732 * blue + 32_768) >> 16) as u8;
        pixel[..3].fill(grey);
    }
}

#[cfg(test)]
mod tests {
    use super::make_grey;

    fn grey_of(colour: [u8; 4]) -> [u8; 4] {
        let mut pixels = colour;
        make_grey(&mut pixels);
        pixels
    }

    #[test]
    fn keeps_what_is_grey_and_alpha() {
        for value in [0, 1, 127, 255] {
            assert_eq!(grey_of([value, value, value, 9]), [value, value, value, 9]);
        }
    }

    #[test]
    fn weighs_colours_as_eyes_do() {
        assert_eq!(grey_of([255, 0, 0, 0])[0], 54);
        assert_eq!(grey_of([0, 255, 0, 0])[0], 182);
        assert_eq!(grey_of([0, 0, 255, 0])[0], 18);
    }
}
