import Dispatch
import FluxionCalculus
import Foundation
import Synchronization

extension Dataset {
  /// Reads images and labels from a directory that holds the four IDX files of MNIST or of a set in its format.
  ///
  /// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
  /// `t10k-labels-idx1-ubyte`, each as it is or with `.gz`. Images become `[height, width, 1]`, stored 0…255 and
  /// seen as 0…1.
  ///
  /// ```swift
  /// let fashion = try Dataset.imageDirectory("data/fashion-mnist")
  /// let parties = try fashion.partitioned(.shards(perParty: 2), parties: 10, seed: 7)
  /// ```
  ///
  /// - Throws: `.notFound` when a file is missing, `.corruptData` when one is damaged, truncated or oversized or when
  ///   images and labels disagree.
  public static func imageDirectory(_ path: String, name: String? = nil) throws -> TrainTestSplit {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
      throw FluxionError(.notFound, "there is no directory \(path); it should hold the four IDX files of MNIST")
    }
    let name = name ?? URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
    let (train, test) = try LabelledImages.both(in: path)
    guard train.shape == test.shape else {
      throw FluxionError(
        .corruptData,
        "images for training in \(path) are \(train.shape) and those for testing \(test.shape); they must agree")
    }
    let classCount = Int(max(train.labels.max() ?? 0, test.labels.max() ?? 0)) + 1
    return TrainTestSplit(
      train: try train.dataset(named: name, classCount: classCount).all,
      test: try test.dataset(named: "\(name) test", classCount: classCount).all)
  }

  /// MNIST (LeCun, Cortes and Burges): 60,000 images of 28×28 to learn from and 10,000 to judge by, from a directory
  /// that holds its four IDX files.
  ///
  /// ```swift
  /// let parties = try Dataset.mnist(at: path).partitioned(.shards(perParty: 2), parties: 10, seed: 7)
  /// ```
  ///
  /// - Throws: as ``imageDirectory(_:name:)``.
  public static func mnist(at path: String) throws -> TrainTestSplit {
    try imageDirectory(path, name: "mnist")
  }

  /// Whether a directory holds the four IDX files, each with or without `.gz`.
  public static func isImageDirectory(_ path: String) -> Bool {
    LabelledImages.stems(of: "train").allSatisfy { LabelledImages.file($0, in: path) != nil }
      && LabelledImages.stems(of: "t10k").allSatisfy { LabelledImages.file($0, in: path) != nil }
  }
}

/// One part of such a directory: as many labels as images.
private struct LabelledImages {
  let pixels: ArraySlice<UInt8>
  let shape: Shape
  let labels: ArraySlice<UInt8>

  /// The names of the files of one part, images first.
  static func stems(of part: String) -> [String] { ["\(part)-images-idx3-ubyte", "\(part)-labels-idx1-ubyte"] }

  /// The file of that name in `directory`, as it is or with `.gz`.
  static func file(_ stem: String, in directory: String) -> String? {
    // Some copies were unpacked with a dot instead of the second hyphen.
    let dotted = stem.replacingOccurrences(of: "-idx", with: ".idx")
    return [stem, stem + ".gz", dotted, dotted + ".gz"].map { directory + "/" + $0 }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  /// Both parts, read at the same time: most of the time that a run takes to start is spent unpacking them.
  static func both(in directory: String) throws -> (train: LabelledImages, test: LabelledImages) {
    let parts = ["train", "t10k"]
    let read = Mutex<[Int: Result<LabelledImages, any Error>]>([:])
    DispatchQueue.concurrentPerform(iterations: parts.count) { index in
      let part = Result { try LabelledImages(parts[index], in: directory) }
      read.withLock { $0[index] = part }
    }
    let all = try read.withLock { read in try parts.indices.compactMap { try read[$0]?.get() } }
    return (all[0], all[1])
  }

  init(_ part: String, in directory: String) throws {
    let paths = try Self.stems(of: part).map { stem in
      guard let path = Self.file(stem, in: directory) else {
        throw FluxionError(
          .notFound, "there is no \(stem) or \(stem).gz in \(directory); a directory of images holds all four IDX files"
        )
      }
      return path
    }
    let images = try IDX.read(paths[0])
    guard images.dimensions.count == 3, images.dimensions.allSatisfy({ $0 > 0 }) else {
      throw FluxionError(
        .corruptData,
        "\(paths[0]) has dimensions \(Shape(images.dimensions)); images need three, [count, height, width], none zero")
    }
    let labels = try IDX.read(paths[1])
    guard labels.dimensions.count == 1 else {
      throw FluxionError(
        .corruptData, "\(paths[1]) has dimensions \(Shape(labels.dimensions)); labels need one, [count]")
    }
    guard images.dimensions[0] == labels.dimensions[0] else {
      throw FluxionError(
        .corruptData,
        "\(paths[0]) has \(images.dimensions[0]) images but \(paths[1]) has \(labels.dimensions[0]) labels; "
          + "they must be as many")
    }
    pixels = images.elements
    shape = [images.dimensions[1], images.dimensions[2], 1]
    self.labels = labels.elements
  }

  func dataset(named name: String, classCount: Int) throws -> Dataset {
    try Dataset(
      name: name, features: FeatureStorage(pixels), exampleShape: shape,
      targets: .classes(labels: labels.map(Int32.init), classCount: classCount), normalization: .unitInterval)
  }
}
