import CLinux

/// What a node swaps to.
package enum SwapDevice {
    /// Begins to use a device; the higher the priority, the sooner.
    package static func use(_ device: String, priority: Int32) throws(SystemError) {
        guard unsafe roost_swap_on(device, priority) == 0 else { throw SystemError("swap to \(device)") }
    }
}
