import unittest

from message import MAX_LENGTH, NoMessage, read

LETTER = """\
From: =?utf-8?q?Ada_L=C3=B6velace?= <ada@example.org>
To: Bob <bob@example.org>, carol@example.org
Subject: =?utf-8?b?R3LDvMOfZQ==?=
Date: Sun, 06 Nov 1994 08:49:37 +0100
Message-ID: <1@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

caf=E9
--inner
Content-Type: text/html

<p>coffee</p>
--inner--
--outer
Content-Type: application/pdf
Content-Disposition: attachment; filename="invoice.pdf"
Content-Transfer-Encoding: base64

JVBERg==
--outer--
"""


class ReadTest(unittest.TestCase):
    def test_takes_a_message_apart(self):
        self.assertEqual(
            read(LETTER, True),
            {
                "from": [{"name": "Ada Lövelace", "address": "ada@example.org"}],
                "to": [{"name": "Bob", "address": "bob@example.org"}, {"name": "", "address": "carol@example.org"}],
                "cc": [],
                "subject": "Grüße",
                "date": "1994-11-06T08:49:37+01:00",
                "messageId": "<1@example.org>",
                "attachments": [{"name": "invoice.pdf", "type": "application/pdf", "bytes": 4}],
                "text": "café",
            },
        )

    def test_leaves_the_text_out(self):
        self.assertNotIn("text", read(LETTER, False))

    def test_reads_html_where_there_is_no_plain_text(self):
        html = "<style>p {}</style><p>Caf&eacute;</p>\n<script>1 < 2</script> <b>at</b> five"
        self.assertEqual(read(f"Subject: x\nContent-Type: text/html\n\n{html}", True)["text"], "Café at five")

    def test_takes_characters_beyond_ascii_as_utf_8(self):
        self.assertEqual(read("Subject: x\n\nTschüß", True)["text"], "Tschüß")

    def test_reads_on_with_a_character_set_that_nobody_knows(self):
        self.assertEqual(read("Subject: x\nContent-Type: text/plain; charset=klingon\n\nabc", True)["text"], "abc")

    def test_has_nothing_where_a_header_makes_no_sense(self):
        broken = read("Date: yesterday\nFrom: <<>>\n\n", True)
        self.assertIsNone(broken["date"])
        self.assertIsNone(broken["subject"])

    def test_refuses_what_only_costs_time(self):
        with self.assertRaisesRegex(NoMessage, 'the header "Content-Type" has 40002 characters'):
            read("Content-Type: a;" + "a;" * 20_000 + "\n\n", True)
        with self.assertRaisesRegex(NoMessage, "malformed: RecursionError"):
            read("Content-Type: message/rfc822\n\n" * 5_000, True)

    def test_refuses_what_is_no_message(self):
        for text in ("", "just words", "\0", "x" * (MAX_LENGTH + 1)):
            with self.assertRaises(NoMessage):
                read(text, True)


if __name__ == "__main__":
    unittest.main()
