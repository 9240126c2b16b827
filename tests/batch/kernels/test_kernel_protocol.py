"""The warm kernel passes the conformance tests of the kernel protocol."""

import io
import unittest

import pytest

from helpers.batch.kernels import WARM, warm_available

jupyter_kernel_test = pytest.importorskip("jupyter_kernel_test")


class Conformance(jupyter_kernel_test.KernelTests):
    __test__ = False  # run below, as one test of ours
    kernel_name = WARM
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples = ({"text": "zi", "matches": {"zip"}},)
    complete_code_samples = ("1", "print('hi')", "def f(x):\n  return x*2\n\n")
    incomplete_code_samples = ("print('''hello", "def f(x):\n  x*2")
    invalid_code_samples = ("import = 7q",)
    code_page_something = "zip?"
    code_generate_error = "raise"
    code_execute_result = ({"code": "1+2", "result": "3"},)
    _SHOW = "from IPython.display import HTML, display; display(HTML('a'))"
    code_display_data = ({"code": _SHOW, "mime": "text/html"},)
    supported_history_operations = ("tail", "search")
    code_history_pattern = "1?2*"
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"


@pytest.mark.skipif(not warm_available()[0], reason=warm_available()[1])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_kernel_conforms_to_the_protocol():
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Conformance)
    report = io.StringIO()
    result = unittest.TextTestRunner(report, verbosity=2).run(suite)
    assert result.wasSuccessful(), report.getvalue()
    assert result.testsRun == 12
