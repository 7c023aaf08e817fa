package import FluxionCalculus

/// The features of a dataset: one contiguous, row-major block, 64-byte aligned, of bytes or floats.
///
/// `@unchecked Sendable`: the block is written only inside the initialisers and immutable afterwards, so any number
/// of threads may read it without a lock.
package final class FeatureStorage: @unchecked Sendable {
  /// `.uint8` (raw pixels) or `.float32`.
  package let element: ElementType
  /// Elements in the block, all examples together.
  package let count: Int
  /// The block; valid as long as this object lives.
  package let base: UnsafeRawPointer

  private let allocation: UnsafeMutableRawPointer

  package convenience init(_ bytes: [UInt8]) {
    self.init(element: .uint8, count: bytes.count) { block in
      bytes.withUnsafeBytes { block.copyMemory(from: $0) }
    }
  }

  package convenience init(_ bytes: ArraySlice<UInt8>) {
    self.init(element: .uint8, count: bytes.count) { block in
      bytes.withUnsafeBytes { block.copyMemory(from: $0) }
    }
  }

  package convenience init(_ floats: [Float]) {
    self.init(element: .float32, count: floats.count) { block in
      floats.withUnsafeBytes { block.copyMemory(from: $0) }
    }
  }

  /// A block that `fill` writes; it arrives zeroed.
  package init(element: ElementType, count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
    self.element = element
    self.count = count
    let size = count * element.byteCount
    allocation = .allocate(byteCount: max(size, 1), alignment: 64)
    allocation.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    fill(UnsafeMutableRawBufferPointer(start: allocation, count: size))
    base = UnsafeRawPointer(allocation)
  }

  deinit { allocation.deallocate() }
}
