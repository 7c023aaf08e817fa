/// A public dataset that can be downloaded: its files, what they must be, and where they are.
public struct RemoteDataset: Sendable, Hashable {
  public struct File: Sendable, Hashable {
    public var name: String
    public var byteCount: Int
    /// The SHA-256 digest in lower-case hexadecimal.
    public var sha256: String

    public init(name: String, byteCount: Int, sha256: String) {
      self.name = name
      self.byteCount = byteCount
      self.sha256 = sha256
    }
  }

  public var name: String
  public var files: [File]
  /// Addresses that have the files, tried in this order.
  public var mirrors: [String]

  public init(name: String, files: [File], mirrors: [String]) {
    self.name = name
    self.files = files
    self.mirrors = mirrors
  }

  /// The MNIST database of handwritten digits (LeCun, Cortes and Burges), 11 MB.
  public static let mnist = RemoteDataset(
    name: "mnist",
    files: [
      File(
        name: "train-images-idx3-ubyte.gz", byteCount: 9_630_634,
        sha256: "db8f937d487057fb14a9f0fbe97f0bc8d311ab41b750d41e1ff37c43b9e55e19"),
      File(
        name: "train-labels-idx1-ubyte.gz", byteCount: 28_902,
        sha256: "51fc562b6747b666fbf6e84ce29d43c3cb5f9c388c664d43b33f02095313405a"),
      File(
        name: "t10k-images-idx3-ubyte.gz", byteCount: 1_602_073,
        sha256: "cfeddb84311ecf044fc6a5b0f6ee8a24d265d4e83e388400186eb114082f4209"),
      File(
        name: "t10k-labels-idx1-ubyte.gz", byteCount: 4_540,
        sha256: "e41c74e484045d39b462a7790a4af51301bd9b0b24f0154798d713ec68c45920"),
    ],
    mirrors: [
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ])
}
