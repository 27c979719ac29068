from django.db import models


class Article(models.Model):
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=9, decimal_places=2)
    repriced = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name
