"""Models of the catalog's tables, which Django reads and writes but does not manage."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now


class NameKey(models.Func):
    """Return the key of a name in the index on authors (name_key, id)."""

    template = "left(fold(%(expressions)s), 200)"
    output_field = models.TextField()


class AuthorQuerySet(models.QuerySet):
    def named(self, names):
        """Return the authors with exactly these names."""
        keys = [NameKey(models.Value(name)) for name in names]
        key = RawSQL('"authors"."name_key"', (), output_field=models.TextField())
        return self.alias(key=key).filter(key__in=keys, name__in=names)


class Author(models.Model):
    name = models.TextField()
    sort_name = models.TextField()

    objects = AuthorQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "authors"


class Book(models.Model):
    title = models.TextField()
    subtitle = models.TextField(null=True)
    isbn = models.TextField(null=True, unique=True, validators=[RegexValidator(r"^97[89][0-9]{10}\Z")])
    published = models.TextField(null=True)
    publisher = models.TextField(null=True)
    language = models.TextField(null=True)
    page_count = models.IntegerField(null=True, validators=[MinValueValidator(1), MaxValueValidator(100_000)])
    description = models.TextField(null=True)
    series = models.TextField(null=True)
    series_position = models.FloatField(null=True, validators=[MinValueValidator(0), MaxValueValidator(100_000)])
    subjects = ArrayField(models.TextField(), default=list)
    cover_url = models.TextField(null=True)
    identifiers = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        managed = False
        db_table = "books"


class Contribution(models.Model):
    pk = models.CompositePrimaryKey("book_id", "author_id", "role")
    book = models.ForeignKey(Book, models.CASCADE, related_name="contributions")
    author = models.ForeignKey(Author, models.CASCADE, related_name="contributions")
    role = models.TextField(default="author")
    position = models.IntegerField()
    credited_as = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "contributions"
