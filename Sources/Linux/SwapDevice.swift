import CLinux

/// Swap devices of a node.
package enum SwapDevice {
    /// Starts using a device; a higher priority is used first.
    package static func use(_ device: String, priority: Int32) throws(SystemError) {
        guard unsafe roost_swap_on(device, priority) == 0 else { throw SystemError("swap to \(device)") }
    }
}
