#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""samples/farm without a cluster: the manifests against Kubernetes' own schema, linters over all files, and the script that
runs the steps on a stand-in for kubectl. A checker that is missing is named in the skip; each is seen to refuse something."""

import copy
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
SAMPLES = SOURCE / "samples" / "farm"
MANIFESTS = SAMPLES / "kubernetes"
RUN = MANIFESTS / "run"
sys.path.insert(0, str(SOURCE / "scripts"))
sys.dont_write_bytecode = True

from hcd.farm import worker  # noqa: E402
from hcd.farm.job import DONE, STEPS, Job, Plan, Range, Record, Title  # noqa: E402

try:
    import yaml
except ImportError:
    yaml = None
try:
    import kubernetes_validate
except ImportError:
    kubernetes_validate = None

OLDEST = "1.29"  # what README.md promises
IMAGE = "registry.example/farm@sha256:" + "5" * 64
YAMLLINT = "{extends: default, rules: {line-length: {max: 130}}}"


def tool(name: str) -> str | None:
    """Beside this Python, or on PATH."""
    return shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def needs(found: object, name: str):
    return unittest.skipUnless(found, f"expected {name}, found none: scripts/setup --all installs it")


def loaded(name: str) -> dict:
    return yaml.safe_load((MANIFESTS / name).read_text(encoding="utf-8"))


def schema_says(manifest: dict, version: str) -> str:
    """"" where Kubernetes' schema takes it, fields that it does not know refused."""
    try:
        kubernetes_validate.validate(copy.deepcopy(manifest), version, strict=True)
        return ""
    except kubernetes_validate.ValidationError as error:
        return str(error)


def server_says(job: dict) -> list[str]:
    """What the API's server refuses and the schema does not know, by the API's reference of batch/v1 Job."""
    spec, found = job["spec"], []
    pod = spec["template"]["spec"]
    names = {container["name"] for container in pod["containers"]}
    rules = spec.get("podFailurePolicy", {}).get("rules", [])
    if len(job["metadata"]["name"]) > 63 - len("-99999-12345"):
        found.append("the name is too long for its pods")
    if spec.get("completionMode") == "Indexed" and "completions" not in spec:
        found.append("Indexed needs completions")
    if "backoffLimitPerIndex" in spec and spec.get("completionMode") != "Indexed":
        found.append("backoffLimitPerIndex needs Indexed")
    if rules and pod["restartPolicy"] != "Never":
        found.append("podFailurePolicy needs restartPolicy Never")
    if rules and spec.get("podReplacementPolicy", "Failed") != "Failed":
        found.append("podFailurePolicy needs podReplacementPolicy Failed")
    for rule in rules:
        if rule["action"] not in ("Ignore", "Count", "FailIndex", "FailJob"):
            found.append(f"unknown action {rule['action']}")
        if rule["action"] == "FailIndex" and "backoffLimitPerIndex" not in spec:
            found.append("FailIndex needs backoffLimitPerIndex")
        if ("onExitCodes" in rule) == ("onPodConditions" in rule):
            found.append("a rule needs one of onExitCodes and onPodConditions")
        codes = rule.get("onExitCodes", {"values": [1]})
        if codes.get("containerName", "worker") not in names:
            found.append(f"no container {codes['containerName']}")
        if codes["values"] != sorted(set(codes["values"])) or 0 in codes["values"]:
            found.append(f"values {codes['values']} are not in order, twice or 0")
    volumes = {volume["name"] for volume in pod["volumes"]}
    for container in pod["containers"]:
        found += [f"no volume {mount['name']}" for mount in container["volumeMounts"] if mount["name"] not in volumes]
    return found


def lint(*command: object, text: str | None = None) -> str:
    """"" where the linter has nothing to say."""
    done = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


@needs(yaml, "PyYAML")
class ManifestTest(unittest.TestCase):
    def setUp(self):
        self.worker = loaded("worker.yaml")

    @needs(kubernetes_validate, "kubernetes-validate")
    def test_schema_takes_them(self):
        for name in ("worker.yaml", "volume.yaml"):
            for version in (OLDEST, "1.33", kubernetes_validate.latest_version()):
                with self.subTest(name, version=version):
                    self.assertEqual(schema_says(loaded(name), version), "")

    @needs(kubernetes_validate, "kubernetes-validate")
    def test_schema_refuses_what_is_wrong(self):
        def broken(change) -> dict:
            job = copy.deepcopy(self.worker)
            change(job["spec"])
            return job
        cases = {
            "unknown field": broken(lambda spec: spec.update(completion=1)),
            "text for a number": broken(lambda spec: spec.update(parallelism="two")),
            "no pod": broken(lambda spec: spec.pop("template")),
            "unknown field of a container": broken(lambda spec: spec["template"]["spec"]["containers"][0].update(argv=[])),
            "list for a map": broken(lambda spec: spec["template"]["spec"].update(securityContext=[])),
        }
        for name, job in cases.items():
            with self.subTest(name):
                self.assertNotEqual(schema_says(job, OLDEST), "")

    @needs(kubernetes_validate, "kubernetes-validate")
    def test_what_older_versions_say(self):
        """README.md: 1.27 does not know backoffLimitPerIndex; without it and its rules it takes the manifest."""
        self.assertNotEqual(schema_says(self.worker, "1.27"), "")
        spec = self.worker["spec"]
        for name in ("backoffLimitPerIndex", "podReplacementPolicy", "podFailurePolicy"):
            spec.pop(name)
        spec["backoffLimit"] = 100
        self.assertEqual(schema_says(self.worker, "1.27"), "")

    def test_server_takes_it(self):
        self.assertEqual(server_says(self.worker), [])

    def test_server_refuses_what_is_wrong(self):
        cases = {
            "Indexed needs completions": lambda spec: spec.pop("completions"),
            "backoffLimitPerIndex needs Indexed": lambda spec: spec.pop("completionMode"),
            "podFailurePolicy needs restartPolicy Never": lambda spec: spec["template"]["spec"].update(restartPolicy="OnFailure"),
            "podFailurePolicy needs podReplacementPolicy Failed":
                lambda spec: spec.update(podReplacementPolicy="TerminatingOrFailed"),
            "FailIndex needs backoffLimitPerIndex": lambda spec: spec.pop("backoffLimitPerIndex"),
            "no container work": lambda spec: spec["podFailurePolicy"]["rules"][1]["onExitCodes"].update(containerName="work"),
            "values [66, 1] are not in order, twice or 0":
                lambda spec: spec["podFailurePolicy"]["rules"][1]["onExitCodes"].update(values=[66, 1]),
            "no volume tmp": lambda spec: spec["template"]["spec"]["volumes"].pop(),
        }
        for expected, change in cases.items():
            with self.subTest(expected):
                job = copy.deepcopy(self.worker)
                change(job["spec"])
                self.assertIn(expected, server_says(job))

    def test_each_exit_code_has_its_action(self):
        """Of the worker: what another try cannot mend ends an index."""
        actions = {code: rule["action"] for rule in self.worker["spec"]["podFailurePolicy"]["rules"]
                   for code in rule.get("onExitCodes", {"values": []})["values"]}
        self.assertEqual(actions, {worker.BAD: "FailIndex", worker.MISSING: "FailIndex", worker.UNFIT: "Count"})
        readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
        for code in (worker.OK, *actions, worker.AGAIN, worker.KILLED):
            self.assertRegex(readme, rf"(?m)^\| (\d+, )?{code} \|")
        self.assertEqual(self.worker["spec"]["podFailurePolicy"]["rules"][0]["action"], "Ignore")

    def test_pod_has_no_more_rights_than_it_needs(self):
        pod = self.worker["spec"]["template"]["spec"]
        [container] = pod["containers"]
        self.assertEqual((pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]), (True, 1000))
        self.assertIs(container["securityContext"]["readOnlyRootFilesystem"], True)
        self.assertIs(container["securityContext"]["allowPrivilegeEscalation"], False)
        mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        self.assertIn({"name": mounts["/tmp"], "emptyDir": {"sizeLimit": "2Gi"}}, pod["volumes"])
        claim = loaded("volume.yaml")
        self.assertIn({"name": mounts["/farm"], "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}},
                      pod["volumes"])
        self.assertEqual(claim["spec"]["accessModes"], ["ReadWriteMany"])

    def test_worker_is_told_its_node(self):
        [container] = self.worker["spec"]["template"]["spec"]["containers"]
        self.assertIn({"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}, container["env"])
        self.assertIn('"NODE_NAME"', (SOURCE / "scripts/hcd/farm/job.py").read_text(encoding="utf-8"))


class LintTest(unittest.TestCase):
    @needs(tool("yamllint"), "yamllint")
    def test_yaml(self):
        command = (tool("yamllint"), "-s", "-d", YAMLLINT)
        self.assertEqual(lint(*command, *MANIFESTS.glob("*.yaml")), "")
        worker = (MANIFESTS / "worker.yaml").read_text(encoding="utf-8")
        twice = worker.replace("  completions: 1 ", "  completions: 1\n  completions: 2 ")
        self.assertIn("duplication of key", lint(*command, "-", text=twice))

    @needs(tool("hadolint"), "hadolint")
    def test_containerfile(self):
        command = (tool("hadolint"), "--no-color", "--failure-threshold", "style")
        self.assertEqual(lint(*command, SAMPLES / "Containerfile"), "")
        text = (SAMPLES / "Containerfile").read_text(encoding="utf-8")
        for rule, before, after in (
                ("DL3006", "FROM base AS build", "FROM debian AS build"), ("DL3014", "install -y", "install"),
                ("DL3045", "WORKDIR /opt/hcd\n", ""), ("DL3002", "USER 1000:1000", "USER root"),
                ("unexpected", "COPY LICENSE", "COPIES")):
            with self.subTest(rule):
                self.assertIn(before, text)
                self.assertIn(rule, lint(*command, "-", text=text.replace(before, after)))

    @needs(tool("shellcheck"), "shellcheck")
    def test_shell(self):
        command = (tool("shellcheck"), "--shell=bash")
        self.assertEqual(lint(*command, RUN), "")
        text = RUN.read_text(encoding="utf-8").replace('name=$(name_of "$1" "$2")', "name=$(name_of $1 $2)")
        self.assertIn("SC2086", lint(*command, "-", text=text))


class NamesTest(unittest.TestCase):
    """What the files name is there."""

    def setUp(self):
        self.text = (SAMPLES / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")

    def test_what_is_copied_is_there(self):
        sources = [word for line in re.findall(r"^COPY (?!--from)(.*)$", self.text, re.M) for word in line.split()[:-1]]
        self.assertIn("core", sources)
        for name in sources:
            with self.subTest(name):
                self.assertTrue((SOURCE / name).exists(), f"expected {name} in the repository, found none")

    def test_what_cmake_reads_is_copied(self):
        """Folders that the top CMakeLists.txt names; tests/ is read with HCD_TESTS alone."""
        cmake = (SOURCE / "CMakeLists.txt").read_text(encoding="utf-8")
        named = set(re.findall(r"(?:add_subdirectory\(|include\()([a-z]+)", cmake)) - {"tests"}
        self.assertIn("core", named)
        for name in named:
            self.assertRegex(self.text, rf"(?m)^COPY {name} {name}$")

    def test_entry_point_is_there(self):
        [path] = re.findall(r'^ENTRYPOINT \["/opt/hcd/(.*)"\]$', self.text, re.M)
        self.assertEqual(path, "scripts/farm")
        self.assertTrue(os.access(SOURCE / path, os.X_OK), f"expected a program {path}, found none")
        done = subprocess.run([SOURCE / path, "work", "--help"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--title", done.stdout)
        for step in STEPS:
            self.assertIn(step, done.stdout)

    def test_options_and_folders_of_setup(self):
        setup = "".join((SOURCE / "scripts" / name).read_text(encoding="utf-8")
                        for name in ("setup", "setup_ffmpeg.sh", "common.sh"))
        for option in ("--all", "--nvcc"):
            self.assertIn(option, self.text)
            self.assertIn(f"\n  {option} ", setup)
        removed = re.search(r"rm -rf (build/.*)$", self.text, re.M)[1].split()
        self.assertGreater(len(removed), 4)
        for path in removed:
            self.assertRegex(setup, rf'(\$build|build=\$PWD/build|log=\$build)?/{path.removeprefix("build/")}\b')
            self.assertNotIn(path, ("build/bin", "build/lib", "build/libexec", "build/share", "build/venv", "build/libtorch"))


@needs(yaml, "PyYAML")
class RunTest(unittest.TestCase):
    """samples/farm/kubernetes/run: title 0 of three ranges, title 1 of two and tuned, title 2 of which nothing can be made."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        (self.folder / "job").mkdir()
        (self.folder / "fake" / "jobs").mkdir(parents=True)
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "kubectl").symlink_to(Path(__file__).with_name("fake_kubectl.sh"))
        self.job = Job(self.folder / "job")
        options = {"source": "/farm/in.mkv", "tune": False, "client": "lite"}
        self.job.write_plan(Plan("films", {}, {"threads": 3}, [
            Title("a", options, ranges=[Range(0, 50), Range(50, 90), Range(90, 100)]),
            Title("b", {**options, "tune": True}, ranges=[Range(0, 50), Range(50, 90)]),
            Title("c", options, failed="no video")]))

    def run_it(self, *words: str, job: str = "/farm/job", image: str = IMAGE) -> subprocess.CompletedProcess:
        return subprocess.run(
            [RUN, f"--image={image}", f"--plan={self.job.path}", *words, job], capture_output=True, text=True, check=False,
            timeout=100, env={**os.environ, "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                              "FAKE_KUBECTL": str(self.folder / "fake"), "HCD_POLL_SECONDS": "0"})

    def end(self, *lines: str) -> None:
        (self.folder / "fake" / "ends").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def write_done(self, *steps: str) -> None:
        """Records of title 0."""
        for task in self.job.tasks(0):
            if task.step in steps:
                self.job.write_record(task, Record(DONE))

    def calls(self, verb: str = "create") -> list[str]:
        """As "STEP TITLE"."""
        found = []
        for line in (self.folder / "fake" / "calls").read_text(encoding="utf-8").splitlines():
            if line.startswith(verb + " "):
                _, title, step = line.rsplit("-", 2)
                found.append(f"{step} {int(title)}")
        return found

    def test_prints_a_job_of_each_step(self):
        done = self.run_it("--print", "--parallel=2")
        self.assertEqual((done.returncode, done.stderr), (0, "title 2: nothing can be made of it: no video\n"))
        jobs = list(yaml.safe_load_all(done.stdout))
        found = []
        for job in jobs:
            spec = job["spec"]
            [container] = spec["template"]["spec"]["containers"]
            self.assertEqual(server_says(job), [])
            if kubernetes_validate:
                self.assertEqual(schema_says(job, OLDEST), "")
            words = container["args"]
            self.assertEqual((words[0], words[1], words[3]), ("work", "/farm/job", "--title"))
            self.assertEqual(container["image"], IMAGE)
            self.assertEqual([container["resources"][kind]["cpu"] for kind in ("requests", "limits")], ["3", "3"])
            self.assertRegex(job["metadata"]["name"], rf"^hcd-farm-[0-9a-f]{{8}}-00{words[4]}-{words[2]}$")
            labels = job["metadata"]["labels"]
            self.assertEqual(labels, spec["template"]["metadata"]["labels"])
            self.assertEqual(labels["hcd-job"], job["metadata"]["name"].split("-")[2])
            found.append((words[2], words[4], spec["completions"], spec["parallelism"]))
        self.assertEqual(found, [
            ("probe", "0", 1, 1), ("probe", "1", 1, 1), ("chunk", "0", 3, 2), ("chunk", "1", 2, 2), ("tune", "1", 1, 1),
            ("join", "0", 1, 1), ("join", "1", 1, 1), ("check", "0", 1, 1), ("check", "1", 1, 1)])
        self.assertEqual(set(STEPS), {step for step, *_ in found})

    def test_runs_the_steps_in_their_order(self):
        done = self.run_it()
        self.assertEqual(self.calls(), ["probe 0", "probe 1", "chunk 0", "chunk 1", "tune 1", "join 0", "join 1",
                                        "check 0", "check 1"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("run: failed: title 2; ", done.stderr)

    def test_one_title(self):
        done = self.run_it("--title=1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.calls(), ["probe 1", "chunk 1", "tune 1", "join 1", "check 1"])
        self.assertIn("all is done", done.stderr)

    def test_a_title_that_fails_stops_no_other(self):
        self.end("chunk 0 1")
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.calls(), ["probe 0", "probe 1", "chunk 0", "chunk 1", "tune 1", "join 1", "check 1"])
        self.assertRegex(done.stderr, r"title 0: chunk: failed.*\nnode7 hcd-farm-\S+-000-chunk-0-abcde 1 told why")
        self.assertIn("run: failed: title 2 0; ", done.stderr)

    def test_missing_chunks_are_asked_for_again(self):
        """Also those whose records say that they are done."""
        self.end("join 0 66 0")
        self.write_done("probe", "chunk")
        done = self.run_it("--title=0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.calls(), ["join 0", "chunk 0", "join 0", "check 0"])
        self.assertEqual(self.calls("delete"), ["join 0"])

    def test_missing_chunks_are_not_asked_for_for_ever(self):
        self.end("tune 1 66", "chunk 0 1")
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.calls().count("chunk 1"), 3)
        self.assertEqual(self.calls().count("chunk 0"), 1)
        self.assertNotIn("join 1", self.calls())
        self.assertIn("run: failed: title 2 0 1; ", done.stderr)

    def test_what_is_done_is_not_asked_for(self):
        self.write_done("probe", "chunk")
        done = self.run_it("--title=0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.calls(), ["join 0", "check 0"])
        self.write_done("join", "check")
        done = self.run_it("--title=0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.calls(), ["join 0", "check 0"])

    def test_one_that_runs_is_waited_for(self):
        self.assertEqual(self.run_it("--title=0").returncode, 0)
        (self.folder / "fake" / "calls").unlink()
        self.end("chunk 0 run")
        done = self.run_it("--title=0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.calls(), ["probe 0", "join 0", "check 0"])
        self.assertNotIn("chunk 0", self.calls("delete"))
        self.assertIn("-000-chunk: runs already", done.stderr)

    def test_what_is_refused(self):
        """A tag is no build: another could run on the next node."""
        for expected, done in (
                ("--image: expected NAME@sha256:DIGEST", self.run_it(image="registry.example/farm:latest")),
                ("JOB: expected a folder", self.run_it(job="/elsewhere/job")),
                ("JOB: expected a folder", self.run_it(job='/farm/a "b"')),
                ("--title: expected 0 to 2, found 7", self.run_it("--title=7")),
                ("--parallel: expected a number", self.run_it("--parallel=0")),
                ("found no plan.json there", self.run_it(f"--plan={self.folder}")),
                ("unknown argument '--fast'", self.run_it("--fast"))):
            with self.subTest(expected):
                self.assertEqual(done.returncode, 1)
                self.assertIn(expected, done.stderr)
                self.assertFalse((self.folder / "fake" / "calls").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
