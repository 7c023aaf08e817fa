import Foundation

/// The four IDX files of a small set of images, to be spoiled.
struct IDXFiles {
  var trainImages = IDXFiles.images(40, side: 8)
  var trainLabels = IDXFiles.labels(40)
  var testImages = IDXFiles.images(10, side: 8)
  var testLabels = IDXFiles.labels(10)

  static func images(_ count: Int, side: Int) -> [UInt8] {
    let pixels = (0..<count * side * side).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ ($0 / 64) &* 7) }
    return header([count, side, side]) + pixels
  }

  static func labels(_ count: Int) -> [UInt8] { header([count]) + (0..<count).map { UInt8($0 % 4) } }

  static func header(_ dimensions: [Int]) -> [UInt8] {
    [0, 0, 8, UInt8(dimensions.count)]
      + dimensions.flatMap { size in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } }
  }

  /// Gzip without compression (RFC 1951, stored blocks; RFC 1952).
  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var file: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    var rest = bytes[...]
    repeat {
      let block = rest.prefix(65_535)
      rest = rest.dropFirst(block.count)
      let size = UInt16(block.count)
      file += [rest.isEmpty ? 1 : 0, UInt8(size & 255), UInt8(size >> 8), UInt8(~size & 255), UInt8(~size >> 8)]
      file += block
    } while !rest.isEmpty
    for number in [checksum(bytes), UInt32(truncatingIfNeeded: bytes.count)] {
      file += [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
    return file
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
  }

  /// Writes the files into the folder `images`, compressed or not.
  func write(to directory: Directory, gzip isCompressed: Bool = false) throws {
    for (name, bytes) in [
      ("train-images-idx3-ubyte", trainImages), ("train-labels-idx1-ubyte", trainLabels),
      ("t10k-images-idx3-ubyte", testImages), ("t10k-labels-idx1-ubyte", testLabels),
    ] {
      try directory.file("images/\(name)\(isCompressed ? ".gz" : "")", isCompressed ? Self.gzip(bytes) : bytes)
    }
  }
}
