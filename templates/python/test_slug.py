import unittest

from slug import slug


class SlugTest(unittest.TestCase):
    def test_joins_words_in_lower_case(self):
        self.assertEqual(slug("  Hello, World! ", "-"), "hello-world")

    def test_keeps_letters_of_other_scripts(self):
        self.assertEqual(slug("Größe 42", "_"), "größe_42")

    def test_makes_nothing_of_nothing(self):
        self.assertEqual(slug("?!", "-"), "")


if __name__ == "__main__":
    unittest.main()
