/// Everything that the control center needs from the rest of the server.
package struct CenterPorts: Sendable {
    package typealias Planes = DataPlaneView & MachineOrders & OpenFiles

    package var planes: any Planes
    package var networks: any NetworkView
    package var images: any ImageFiles
    package var pulls: any PulledFiles
    package var hostKeys: any HostKeys

    package init(
        planes: any Planes, networks: any NetworkView, images: any ImageFiles, pulls: any PulledFiles,
        hostKeys: any HostKeys
    ) {
        self.planes = planes
        self.networks = networks
        self.images = images
        self.pulls = pulls
        self.hostKeys = hostKeys
    }
}
