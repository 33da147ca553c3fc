#!/usr/bin/env python3
"""What figures.py and mutants.py read in C++ sources."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import figures
import mutants
from mutations import faults
from sources import blocks, booleans, code


def in_function(*lines, head="int f()"):
    """A source with these lines as a function's body."""
    return head + " {\n  " + "\n  ".join(lines) + "\n}\n"


def becomes(source):
    """(kind, how the line is with the fault) of each."""
    return [(fault.kind, fault.lines(source)[2]) for fault in faults(source)]


class Sources(unittest.TestCase):
    def test_comments_and_literals_are_blanks(self):
        text = ('a // "b"\n/* c\n */ d("e\\"f", \'"\', 1\'000) R"x(g)")x" h')
        blank = code(text)
        self.assertEqual(len(blank), len(text))
        self.assertEqual(blank.count("\n"), text.count("\n"))
        self.assertEqual(blank.split(), ["a", "d(", ",", ",", "1'000)", "h"])

    def test_classes_and_functions_are_told_apart(self):
        text = """
namespace n {
enum class e : int { a, b };
constexpr int table[] = {1, 2};
class x final : public y {
 public:
  x() : a_{1}, b_{2} { begin(); }
  bool operator==(const x&) const { return true; }
  struct z { int c; };
 private:
  int a_ = 1;
};
template <class T, size_t N>
void f(T t = {}, int (*g)(int) = nullptr) noexcept {
  if (t) { g(1); }
}
}
"""
        found = [(kind, " ".join(text[begin:end].split()))
                 for kind, _, begin, end in blocks(text)]
        self.assertIn(("function", "begin();"), found)
        self.assertIn(("function", "return true;"), found)
        self.assertIn(("class", "int c;"), found)
        self.assertIn(("function", "if (t) { g(1); }"), found)
        self.assertEqual([kind for kind, _ in found].count("class"), 2)

    def test_flags_are_the_members_of_one_class(self):
        self.assertEqual(booleans("""
 public:
  bool is_open() const { bool local = true; return local; }
  static constexpr bool known = true;
  void set(bool value, bool other = false);
  struct inner { bool deep = false; };
  bool a_ = false, b_ = other(1, 2);
  std::atomic<bool> c_{false};
  std::optional<bool> d_;
  mutable bool e_;
  bool f_ : 1;
  std::vector<bool> all_;
"""), ["a_", "b_", "c_", "d_", "e_", "f_"])


class Figures(unittest.TestCase):
    def test_a_known_excess_may_only_shrink_and_then_go(self):
        def compared(now, known):
            return [*figures.compared("files", 30, now, known)]
        self.assertEqual(compared({"a": 31}, {"a": 31}), [])
        self.assertRegex(compared({"a": 32}, {"a": 31})[0], "more than the 31")
        self.assertRegex(compared({"a": 31}, {"a": 32})[0], "write 31 for 32")
        self.assertRegex(compared({"a": 31}, {})[0], "30 at most")
        self.assertRegex(compared({}, {"a": 31})[0], "take it out")

    def test_this_tree_has_its_figures(self):
        tree = figures.Tree(figures.ROOT)
        self.assertGreater(tree.lines, 10000)
        self.assertIn("actors/pool", tree.stems)
        self.assertIn("transports/codec_encode", tree.stems)
        self.assertNotIn("actors/pool", tree.untested())


class Faults(unittest.TestCase):
    def test_each_kind_is_found(self):
        for line, expected in {
            "a(b < 5);": [("comparison", "a(b <= 5);"), ("bound", "a(b < 6);")],
            "a(b == c);": [("comparison", "a(b != c);")],
            "a(b && !c);": [("logic", "a(b || !c);")],
            "a(b - c);": [("arithmetic", "a(b + c);")],
            "a += b;": [("arithmetic", "a -= b;"), ("assignment", ";")],
            "a->b[i].c = d;": [("assignment", ";")],
            "++a.b;": [("assignment", ";")],
            "if (a(b))": [("check", "if (false)")],
            "if (auto x = a(); x.b())": [("check", "if (auto x = a(); false)")],
            "return false;": [("result", "return true;")],
        }.items():
            with self.subTest(line):
                self.assertCountEqual(becomes(in_function("x();", line)),
                                      expected)

    def test_results_are_inverted_where_they_are_boolean(self):
        line = "return a(b);"
        self.assertEqual(becomes(in_function(line)), [])
        self.assertEqual(
            becomes(in_function(line, head="bool c::f(int x) const noexcept")),
            [("result", "return !(a(b));")])

    def test_a_whole_statement_goes(self):
        source = in_function("x();", "a = b(c,", "      d);")
        fault, = faults(source)
        self.assertEqual(fault.applied(source), in_function("x();", ";"))
        self.assertEqual(fault.lines(source)[:2], (3, "a = b(c, d);"))

    def test_what_no_test_could_see_is_left_alone(self):
        for line in ["// if (a < 1)", "log_.debug(\"{}\", a + 1);",
                     "log().info(\"{}\", a - 1);", "static_assert(a < b);",
                     "assert(a < b);", "const auto a = b;", "auto& x = y;",
                     "std::array<int, 3> a;", "f(s + \"text\");",
                     "f(\"text\" + s);", "if (auto* a = b())", "b[0]();",
                     "if constexpr (a)", "f(x->y<int>());",
                     "f(a << 3);", "f(1e-9);", "f(0x1f);", "f(1.5);"]:
            with self.subTest(line):
                self.assertEqual(becomes(in_function("x();", line)), [])
        self.assertEqual(faults("int a = 1;\n#if a < 2\n#endif\n"), [])


class Pretended:
    """A workshop where each fault has the next of these results."""

    def __init__(self, *results):
        self.left = list(results)

    def verdict(self, site, tests):
        return self.left.pop(0), ""


class Mutants(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "results.jsonl"
        self.table = mutants.sources(mutants.ROOT, "windows")
        self.sites = mutants.drawn(mutants.ROOT, self.table, 1)

    def tried(self, count, *results):
        """The results of so many faults; all of the new ones are used."""
        workshop = Pretended(*results)
        with contextlib.redirect_stdout(io.StringIO()):
            rows = mutants.tried(self.sites, count, workshop,
                                 mutants.Results(self.file), self.table)
        self.assertEqual(workshop.left, [])
        return rows

    def test_what_does_not_compile_is_replaced(self):
        rows = self.tried(2, "noticed", "uncompiled", "uncompiled", "survived")
        self.assertEqual([row["result"] for _, row in rows],
                         ["noticed", "survived"])

    def test_what_is_known_is_not_tried_again(self):
        self.tried(3, "noticed", "survived", "hung")
        self.tried(3)
        self.tried(4, "noticed")
        # But a new test may notice what survived.
        self.file.write_text(self.file.read_text().replace(
            mutants.Results(self.file).tests, "others"))
        self.tried(4, "noticed")

    def test_of_what_may_be_noticed_enough_has_to_be(self):
        def enough(**results):
            rows = [row for result, count in results.items()
                    for row in [(self.sites[0], {"result": result})] * count]
            with contextlib.redirect_stdout(io.StringIO()):
                return mutants.report(rows)
        self.assertTrue(enough(noticed=18, hung=1, survived=1))
        self.assertFalse(enough(noticed=17, hung=1, survived=1))

    def test_sites_are_drawn_by_the_seed_and_evenly(self):
        table = dict([*mutants.sources(mutants.ROOT, None).items()][:9])
        sites = mutants.drawn(mutants.ROOT, table, 1)[:len(table)]
        self.assertEqual({site.path for site in sites}, set(table))
        again = mutants.drawn(mutants.ROOT, table, 1)[:len(table)]
        other = mutants.drawn(mutants.ROOT, table, 2)[:len(table)]
        self.assertEqual([*map(str, sites)], [*map(str, again)])
        self.assertNotEqual([*map(str, sites)], [*map(str, other)])


if __name__ == "__main__":
    unittest.main()
