import FluxionCalculus
import FluxionData
import Foundation
import Testing

@Suite("A directory of images")
struct ImageDirectoryTests {
  static func idx(_ dimensions: [Int], _ elements: [UInt8]) -> [UInt8] {
    [0, 0, 8, UInt8(dimensions.count)]
      + dimensions.flatMap { [UInt8($0 >> 24), UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255)] }
      + elements
  }

  /// Three training images of 2×2 and one test image, by file name.
  static let files: [String: [UInt8]] = [
    "train-images-idx3-ubyte": idx([3, 2, 2], (0..<12).map { $0 * 20 }),
    "train-labels-idx1-ubyte": idx([3], [2, 0, 2]),
    "t10k-images-idx3-ubyte": idx([1, 2, 2], [255, 0, 51, 102]),
    "t10k-labels-idx1-ubyte": idx([1], [3]),
  ]

  /// Writes the files, some replaced (nil: left out), and reads the directory.
  func read(_ changes: [String: [UInt8]?] = [:], rename: (String) -> String = { $0 }) throws -> TrainTestSplit {
    try withTemporaryDirectory { directory in
      for (name, bytes) in Self.files.merging(changes.compactMapValues(\.self), uniquingKeysWith: { $1 }) {
        if let change = changes[name], change == nil { continue }
        let path = directory + "/" + rename(name)
        try Data(path.hasSuffix(".gz") ? gzipped(bytes) : bytes).write(to: URL(fileURLWithPath: path))
      }
      return try Dataset.imageDirectory(directory, name: "tiny")
    }
  }

  @Test("gives both parts, packed or not, under either spelling of the names")
  func reads() throws {
    let spellings: [(String) -> String] = [
      { $0 }, { $0 + ".gz" }, { $0.replacingOccurrences(of: "-idx", with: ".idx") },
      { $0.hasPrefix("train") ? $0 : $0 + ".gz" },
    ]
    for rename in spellings {
      let split = try read(rename: rename)
      #expect(split.train.dataset.exampleShape == [2, 2, 1])
      #expect(split.train.labels == [2, 0, 2])
      #expect(split.train.dataset.classCount == 4)
      #expect(split.test.labels == [3])
      #expect(split.test.features() == [1, 0, 51 * (1 / 255 as Float), 102 * (1 / 255 as Float)])
      #expect(split.train.dataset.name == "tiny")
    }
  }

  @Test(
    "refuses files that are missing or disagree, naming them",
    arguments: [
      (["t10k-labels-idx1-ubyte": nil], "no t10k-labels-idx1-ubyte"),
      (["train-labels-idx1-ubyte": idx([2], [0, 1])], "3 images but"),
      (["train-labels-idx1-ubyte": idx([3, 1], [0, 1, 2])], "labels need one"),
      (["train-images-idx3-ubyte": idx([3, 4], [UInt8](repeating: 0, count: 12))], "images need three"),
      (["train-images-idx3-ubyte": idx([3, 0, 2], [])], "none zero"),
      (["t10k-images-idx3-ubyte": idx([1, 1, 4], [0, 0, 0, 0])], "must agree"),
      (["t10k-images-idx3-ubyte": idx([1, 2, 2], [0, 0, 0])], "truncated"),
      (["t10k-images-idx3-ubyte": []], "begins with 4"),
      (["t10k-images-idx3-ubyte": [0x1f, 0x8b, 8]], "truncated gzip"),
    ] as [([String: [UInt8]?], String)])
  func refuses(_ changes: [String: [UInt8]?], _ sentence: String) {
    let error = fluxionError { try read(changes) }
    #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "no error")")
  }

  @Test("refuses what is no directory, or has directories and pipes where files belong")
  func noDirectory() throws {
    #expect(fluxionError { try Dataset.imageDirectory("/nonexistent/images") }?.code == .notFound)
    try withTemporaryDirectory { directory in
      for name in Self.files.keys {
        try FileManager.default.createDirectory(atPath: directory + "/" + name, withIntermediateDirectories: false)
      }
      #expect(fluxionError { try Dataset.imageDirectory(directory) }?.message.contains("is a directory") == true)
      let train = directory + "/train-images-idx3-ubyte"
      try FileManager.default.removeItem(atPath: train)
      #expect(mkfifo(train, 0o600) == 0)
      #expect(fluxionError { try Dataset.imageDirectory(directory) }?.message.contains("no regular file") == true)
    }
  }

  /// The mean is `xtr.mean() / 255` by numpy 2 over the same file.
  @Test("of the real MNIST has 60,000 and 10,000 images of the known mean", .enabled(if: realMNIST != nil, "no MNIST"))
  func mnist() throws {
    let split = try Dataset.mnist(at: realMNIST ?? "")
    #expect(split.train.count == 60_000)
    #expect(split.test.count == 10_000)
    #expect(split.train.dataset.exampleShape == [28, 28, 1])
    #expect(split.train.dataset.classCount == 10)
    #expect(split.train.labels.prefix(5) == [5, 0, 4, 1, 9])
    #expect(split.train.labelHistogram() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    let scaling = try split.train.standardization(perFeature: false)
    // shift = −mean / deviation and scale = 1 / deviation, of the stored 0…255.
    let mean = -Double(scaling.shift[0]) / Double(scaling.scale[0]) / 255
    #expect(abs(mean - 0.1306604762738429) < 1e-7)
    let pixels = split.train.features()
    let exact = pixels.reduce(into: 0.0) { $0 += Double(($1 * 255).rounded()) }
    #expect(abs(exact / Double(pixels.count) / 255 - 0.1306604762738429) < 1e-15)
  }
}
