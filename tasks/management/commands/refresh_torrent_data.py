from tasks.collection.refresh_torrent_data import refresh_torrent_data
from upkeep.operations import OperationCommand


class Command(OperationCommand):
    operation = refresh_torrent_data
