import CLinux

/// What this program prints.
package enum StandardOutput {
    /// Hands over what is still kept for it.
    ///
    /// - Returns: why some of what was printed since the start did not arrive, as a number of an error; 0 when all did, -1 when the reason
    ///   is gone.
    package static func loss() -> Int32 { roost_loss_of_printed() }
}
