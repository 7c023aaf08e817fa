/// Scratch memory that one thread owns; the workspaces of several executables may share it, one running at a time.
package final class Slab {
  private(set) var pointer: UnsafeMutableRawPointer
  private(set) var byteCount: Int

  package init(byteCount: Int = 0) {
    self.byteCount = byteCount
    pointer = .allocate(byteCount: max(byteCount, 1), alignment: BufferPlan.alignment)
  }

  deinit { pointer.deallocate() }

  /// Grows to at least a size. The contents are lost: nothing in a slab outlives a run.
  package func reserve(_ needed: Int) {
    guard needed > byteCount else { return }
    pointer.deallocate()
    pointer = .allocate(byteCount: needed, alignment: BufferPlan.alignment)
    byteCount = needed
  }
}
