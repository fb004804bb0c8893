"""Where the well-known data sets lie on the network, and the hashes by which their files are known."""

from greenbench.ml.data.download import RemoteFile

_MNIST = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
_FASHION = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)
_CIFAR = ("https://www.cs.toronto.edu/~kriz/",)
_TREC = ("https://cogcomp.seas.upenn.edu/Data/QA/QC/",)


def _file(mirrors: tuple[str, ...], name: str, size_bytes: int, *digests: str) -> RemoteFile:
    return RemoteFile(name, tuple(mirror + name for mirror in mirrors), digests, size_bytes)


FILES: dict[str, tuple[RemoteFile, ...]] = {
    "mnist": (
        _file(
            _MNIST,
            "train-images-idx3-ubyte.gz",
            9_912_422,
            "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "unpacked-sha256:ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        _file(
            _MNIST,
            "train-labels-idx1-ubyte.gz",
            28_881,
            "md5:d53e105ee54ea40749a09fcbcd1e9432",
            "unpacked-sha256:65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        _file(
            _MNIST,
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "md5:9fb629c4189551a2d022fa330f9573f3",
            "unpacked-sha256:0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        _file(
            _MNIST,
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "md5:ec29112dd5afa0611ce80d1b7f02629c",
            "unpacked-sha256:ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    "fashion_mnist": (
        _file(
            _FASHION, "train-images-idx3-ubyte.gz", 26_421_880, "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        _file(_FASHION, "train-labels-idx1-ubyte.gz", 29_515, "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        _file(_FASHION, "t10k-images-idx3-ubyte.gz", 4_422_102, "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        _file(_FASHION, "t10k-labels-idx1-ubyte.gz", 5_148, "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    "cifar10": (_file(_CIFAR, "cifar-10-python.tar.gz", 170_498_071, "md5:c58f30108f718f92721af3b95e74349a"),),
    "cifar100": (_file(_CIFAR, "cifar-100-python.tar.gz", 169_001_437, "md5:eb9058c3a382ffc7106e4002c42a8d85"),),
    "trec": (
        _file(_TREC, "train_5500.label", 335_858, "md5:073462e3fcefaae31e00edb1f18d2d02"),
        _file(_TREC, "TREC_10.label", 23_354, "md5:323a3554401d86e650717e2d2f942589"),
    ),
}
