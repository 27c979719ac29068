from backend.operations.command import OperationCommand
from tasks.collection.refresh_torrent_data import refresh_torrent_data


class Command(OperationCommand):
    operation = refresh_torrent_data
